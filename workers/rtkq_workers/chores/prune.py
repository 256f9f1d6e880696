"""Pruning: what is finished, old or nobody's is deleted, so that a home does not grow for ever.

A few bounded chores, run every ten minutes. Each may be interrupted anywhere and be late; none
deletes what a living process is about to use.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from rtkq import paths, store
from rtkq.config import Settings
from rtkq.errors import RtkqError
from rtkq.extract.languages import version_of
from rtkq.store import Registry, facts, memories, metrics
from rtkq_workers.central import mirror
from rtkq_workers.chores import unused
from rtkq_workers.processes import logs
from rtkq_workers.rebuild import past

_log = logging.getLogger(__name__)

#: Minutes between two runs, as cron writes it.
EVERY = "*/10"
_INTERVAL_S = 600
_DAY_S = 86400
_HOUR_S = 3600.0
#: A spawn answers its marker within a second; the hook itself believes none older than a minute.
_SPAWN_S = 600.0
#: A subagent that goes on after a longer time counts as a new one.
_STARTED_S = 7.0 * _DAY_S
#: One shard of the facts is looked at in each of these turns of a day.
_TURNS_A_DAY = _DAY_S // _INTERVAL_S
_TURNS_A_SHARD = _TURNS_A_DAY // facts.SHARDS


def prune(settings: Settings) -> None:
    """Do all chores; what one of them cannot do now it does at the next run."""
    now = time.time()
    chores: tuple[Callable[[Settings, float], None], ...] = (
        _projects,
        _mirrors,
        _leftovers,
        _spawns,
        _receipts,
        _counts,
        _facts_of_the_turn,
        _quota,
        _logs,
    )
    for chore in chores:
        try:
            chore(settings, now)
        except (RtkqError, OSError) as error:
            _log.warning("pruning stopped at %s: %s", chore.__name__.strip("_"), error)


def _projects(settings: Settings, now: float) -> None:
    unused.forget_unused(settings.home, settings.prune, now)


def _logs(_settings: Settings, _now: float) -> None:
    logs.shorten()


def _mirrors(settings: Settings, now: float) -> None:
    mirror.discard_unused(settings.home, now)


# -- what nobody refers to ----------------------------------------------------------------


def _leftovers(settings: Settings, now: float) -> None:
    """Delete folders of checkouts that nobody registered, and memories that were replaced."""
    home = settings.home
    # Before the registry: a checkout that is registered after this has no folder here yet.
    folders = list(_entries(f"{home}/checkouts"))
    with Registry(home) as registry:
        known = {paths.key(project.root) for project in registry.projects()}
    known |= {paths.key(root) for root in store.mirrored(home)}
    for folder in folders:
        if folder.name not in known:
            if _is_older(folder.path, now - _HOUR_S):
                shutil.rmtree(folder.path, ignore_errors=True)
        else:
            _old_memories(folder.path, settings.prune.damaged_days * _DAY_S, now)


def _old_memories(folder: str, damaged_s: float, now: float) -> None:
    current = os.path.basename(os.path.realpath(f"{folder}/memory"))
    for entry in _entries(folder):
        if entry.name == "damaged":
            age_s = damaged_s
        elif entry.name.startswith("memory.") and entry.name != current:
            age_s = _HOUR_S  # a reader may hold it still, or a worker be at writing it
        else:
            continue
        if _is_older(entry.path, now - age_s):
            memories.remove(entry.path)


def _is_older(folder: str, instant: float) -> bool:
    """Return whether nothing in *folder* was written since *instant*."""
    instants = [os.lstat(folder).st_mtime]
    for place, folders, names in os.walk(folder):
        instants += [os.lstat(f"{place}/{name}").st_mtime for name in (*folders, *names)]
    return max(instants) < instant


# -- what the hook left --------------------------------------------------------------------


def _spawns(settings: Settings, now: float) -> None:
    """Delete markers of spawns that never began and of old subagents, and folders left empty."""
    for place, folders, names in os.walk(paths.spawns_folder(settings.home), topdown=False):
        for name in names:
            _unlink_if_older(f"{place}/{name}", now - _SPAWN_S)
        for name in folders:
            # An old one only: the hook makes a folder and then puts a marker into it.
            with suppress(OSError):
                if os.lstat(f"{place}/{name}").st_mtime < now - _DAY_S:
                    os.rmdir(f"{place}/{name}")
    for entry in _entries(paths.started_folder(settings.home)):
        _unlink_if_older(entry.path, now - _STARTED_S)


def _receipts(settings: Settings, now: float) -> None:
    for entry in _entries(paths.receipts_folder(settings.home)):
        if entry.name.endswith(".log"):
            _unlink_if_older(entry.path, now - settings.prune.receipts_days * _DAY_S)


def _counts(settings: Settings, now: float) -> None:
    with metrics.opened(settings.home) as stored:
        stored.prune(now - settings.prune.metrics_days * _DAY_S)


def _unlink_if_older(file: str, instant: float) -> None:
    with suppress(FileNotFoundError):
        if os.lstat(file).st_mtime < instant:
            os.unlink(file)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        yield from found


# -- facts ---------------------------------------------------------------------------------


def _facts_of_the_turn(settings: Settings, now: float) -> None:
    """Delete old facts that no memory refers to; each shard has its turn once a day."""
    shard = shard_of_turn(now)
    if shard is not None:
        forget_facts(settings.home, shard, settings.prune.facts_days, now)


def shard_of_turn(now: float) -> int | None:
    """Return the shard whose turn it is at *now*, seconds since the epoch; mostly it is none's."""
    turn = int(now) // _INTERVAL_S % _TURNS_A_DAY
    return None if turn % _TURNS_A_SHARD else turn // _TURNS_A_SHARD % facts.SHARDS


def forget_facts(home: str, shard: int, days: int, now: float) -> None:
    """Delete the facts of a shard that no memory refers to and that are older than *days*.

    What a memory refers to counts as new again, so it is not asked about for as long.
    """
    today = int(now) // _DAY_S
    candidates = facts.older_than(home, shard, today - days)
    if not candidates:
        return
    used = candidates & set(_used(home))
    facts.renew(home, shard, used, today)
    facts.delete(home, shard, candidates - used)


def _used(home: str) -> Iterator[bytes]:
    """Return the keys of all facts that any memory rests on."""
    with Registry(home) as registry:
        roots = [project.root for project in registry.projects()]
    for root in (*roots, *store.mirrored(home)):
        with memories.opened(home, root) as memory:
            rows = memory.connection.execute("SELECT content, language FROM file").fetchall()
            names = memory.connection.execute("SELECT name FROM history").fetchall()
        yield from (facts.key(bytes(one), word, version_of(word)) for one, word in rows if one)
        yield from (past.key(name.hex()) for (name,) in names)


# -- all together --------------------------------------------------------------------------


def _quota(settings: Settings, now: float) -> None:
    """Keep the size of the home within its limit: facts that nobody uses go first."""
    home, most_mb = settings.home, settings.prune.most_mb
    if unused.size(home) > most_mb * 1_000_000:
        for shard in range(facts.SHARDS):
            forget_facts(home, shard, -1, now)
        unused.forget_for_room(home, most_mb, now)
