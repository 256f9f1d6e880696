"""Contributing this machine's counts to the team's: by comparison, so nothing is noted down.

What leaves the machine are numbers: by hour, agent, outcome, state and time, and by

- the project's remote, or a hash that nobody else can make where it has none. Never a path.
- the type of the subagent where the client brought it. What users call their own may tell much.

Prompts, contexts and names of files are not in what is counted.
"""

from __future__ import annotations

import getpass
import hashlib
import logging
import random
import socket
from collections import defaultdict
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from rtkq import git, metrics
from rtkq.config import Settings
from rtkq.errors import RtkqError
from rtkq.store.metrics import Call, opened
from rtkq.team import condition
from rtkq.team.line import Line
from rtkq.team.remote import normalised

if TYPE_CHECKING:
    from rtkq.team.counts_table import Hour, PostgresCounts, Reporter

_log = logging.getLogger(__name__)

#: A worker does nothing else meanwhile, in seconds.
_PATIENCE_S = 30.0
#: Types of subagents that clients bring, normalised.
_BROUGHT = frozenset({
    "claude", "default", "explore", "explorer", "fork", "general", "generalpurpose", "plan",
    "statuslinesetup", "worker",
})  # fmt: skip
_OWN = "other"
_DIGITS = 16
_EVERY_MINUTES = 10


def minutes() -> str:
    """Return when to contribute, as cron writes it: a team's machines do not come all at once."""
    first = random.randrange(_EVERY_MINUTES)  # noqa: S311
    return ",".join(str(minute) for minute in range(first, 60, _EVERY_MINUTES))


def contribute(settings: Settings) -> None:
    """Copy the hours that the team knows otherwise, or not at all.

    Nothing happens without a team, where it is not wanted, and where the role may not.
    """
    database = settings.database
    if not (database.url and database.share_counts and condition.read(settings.home).is_usable):
        return
    try:
        from rtkq.team.counts_table import PostgresCounts
    except ImportError:
        return
    line = Line(partial(PostgresCounts, database.url, is_writing=True))
    try:
        line.ask(partial(_copy, settings.home), _PATIENCE_S)
    except RtkqError as error:
        _log.info("counts stay here for now: %s", error.message)
    finally:
        line.close()


def _copy(home: str, counts: PostgresCounts) -> None:
    if not counts.may_write():
        return
    reporter, hours = _hours(home)
    known = counts.totals(reporter.source)
    for number, hour in sorted(hours.items()):
        if known.get(number) != hour.totals:
            counts.put(reporter, number, hour)


def _hours(home: str) -> tuple[Reporter, dict[int, Hour]]:
    """Return what was counted here, by hour, as the team may know it."""
    from rtkq.team.counts_table import Hour, Reporter

    with opened(home) as stored:
        source = stored.source()
        calls = stored.calls(0.0)
        rebuilds = stored.rebuilds(0.0)
    named = cache(partial(_named, source))
    hours: defaultdict[int, Hour] = defaultdict(Hour)
    for (call, chars), count in calls.items():
        if metrics.is_spawn(call):
            told = _told(call, named)
            hours[call.hour].calls[told] += count
            hours[call.hour].chars[told] += chars
    for rebuild, count in rebuilds.items():
        hours[rebuild.hour].rebuilds[rebuild._replace(root=named(rebuild.root))] += count
    return Reporter(source, socket.gethostname(), _username()), hours


def _told(call: Call, named: Callable[[str], str]) -> Call:
    kind = call.type if call.type in _BROUGHT else _OWN
    return call._replace(root=named(call.root), type=kind, event="")


def _named(source: str, root: str) -> str:
    """Return what the team calls the project at *root*."""
    remote = normalised(git.origin(root)) if root else ""
    if remote and not remote.startswith("file:"):
        return remote
    # The name of the store is random: who does not know it cannot try which path fits.
    digest = hashlib.sha256(f"{source}:{root}".encode(errors="surrogateescape")).hexdigest()
    return f"local/{digest[:_DIGITS]}"


def _username() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # in a container whose user has no name
