"""Paying what is owed to a central project: claim, fetch, check out, rebuild, publish, settle.

Any server worker on any host may do it, and many may try: the claim lets in one. Whatever becomes
of that one, the row still owes, and after the lease the sweep of another finds it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType

from rtkq import failpoints, jobs, paths
from rtkq.build import RECIPE
from rtkq.config import Settings
from rtkq.errors import ConfigError, ExtraMissing, LeaseLost, RtkqError, StoreError
from rtkq.recall.memory import SCHEMA_VERSION
from rtkq.team import central_memory, central_projects, condition
from rtkq.team.breaker import Condition
from rtkq.team.central_projects import CentralProjects, Claim
from rtkq_workers import barrier, mirror

_log = logging.getLogger(__name__)

#: How a published memory was built, and in which tables it lies: what is of another is not kept.
_RECIPE = f"{SCHEMA_VERSION};{RECIPE}"
#: A nudge that was not taken up for this long is believed lost, in seconds.
_LOST_AFTER_S = 30.0
#: What each of those before it may take, in seconds.
_A_NUDGE_S = 1.0
#: A mirror with which so many tries failed is looked at for damage.
_SUSPECT_AFTER = 3


def pay(settings: Settings, project_id: int) -> None:
    """Bring one central project up to date, if it owes and nobody is at it.

    Never raises for what can go wrong there.
    """
    try:
        with opened(settings) as projects:
            claim = projects.claim(project_id, f"{socket.gethostname()}:{os.getpid()}")
    except StoreError as error:
        _log.warning("a central project is left to the next sweep: %s", error)
        return
    if claim is not None:
        _pay(settings, claim)


def pay_all(settings: Settings) -> None:
    """Bring those up to date, one after the other, that owe and may be tried now."""
    while True:
        with opened(settings) as projects:
            found = projects.sweep(patience_s=0)
        if not found:
            return
        for project_id, _ in found:
            pay(settings, project_id)


def sweep(settings: Settings) -> None:
    """Nudge the workers for those that owe; nudges are lost with killed workers and with Redis."""
    waiting = _waiting(settings)
    try:
        with opened(settings) as projects:
            found = projects.sweep(_LOST_AFTER_S + _A_NUDGE_S * (waiting or 0))
        if waiting is None:
            _nudge_here(settings.home, found)
        else:
            nudge(settings, found)
    except StoreError as error:
        _log.warning("sweeping for central projects failed: %s", error)


def nudge(settings: Settings, found: Sequence[tuple[int, bool]]) -> None:
    """Ask the workers of the team to look at projects, or those of this home without Redis.

    Args:
        settings: Those in force.
        found: (id of a project, whether it goes before those whose time has merely come).

    Raises:
        StoreError: Nor can the queue of this home be written.
    """
    try:
        if settings.queue.url and found:
            team_queue().nudge(settings.queue.url, found)
            return
    except StoreError as error:
        _log.warning("%s", error)
    _nudge_here(settings.home, found)


def _nudge_here(home: str, found: Sequence[tuple[int, bool]]) -> None:
    for project_id, _ in found:
        jobs.nudge_central(home, project_id)


def _waiting(settings: Settings) -> int | None:
    """Return how many nudges wait on Redis; None while it is not reached, and where is none.

    What was found is noted for `status`.
    """
    if not settings.queue.url:
        return None
    known = condition.read(settings.home, "queue")
    try:
        waiting = int(team_queue().depth(settings.queue.url))
    except StoreError as error:
        if not known.failures:
            _log.warning("%s; this host does itself what it finds owed", error)
        condition.write(settings.home, known.failed(str(error), time.time(), 1.0), "queue")
        return None
    condition.write(settings.home, Condition(answered_at=time.time()), "queue")
    return waiting


@contextmanager
def opened(settings: Settings, *, is_reading: bool = False) -> Iterator[CentralProjects]:
    """Open the table of central projects.

    Raises:
        ConfigError: There is no database.
        StoreError: It cannot be reached.
    """
    if not settings.database.url:
        raise ConfigError(
            "central projects stand in the team's database, and none is set",
            "set RTKQ_DATABASE_URL, or database.url in config.toml",
        )
    with CentralProjects(settings.database.url, is_publishing=not is_reading) as projects:
        yield projects


def team_queue() -> ModuleType:
    """Return what speaks to the team's queue, which is loaded only where there is one.

    Raises:
        ExtraMissing: The driver is not installed.
    """
    try:
        from rtkq.team import queue
    except ImportError as error:
        raise ExtraMissing("the team's queue", "team", error.name or "redis") from error
    return queue


def _pay(settings: Settings, claim: Claim) -> None:
    failpoints.reach("central.after_claim")
    try:
        with _renewed(settings, claim):
            _bring_up_to_date(settings, claim)
    except LeaseLost as error:
        _log.warning("%s", error)
    except Exception as error:
        # Whatever it is: not noted, it would be tried again at once and for ever, unseen.
        _note_failure(settings, claim, error)


def _bring_up_to_date(settings: Settings, claim: Claim) -> None:
    with mirror.held(settings.home, claim.remote, settings.central.protocols) as held:
        if claim.attempts >= _SUSPECT_AFTER and not held.is_whole():
            held.discard()
        head = held.fetch(claim.url, claim.branch)
        failpoints.reach("central.after_fetch")
        if (claim.head, claim.recipe) != (head, _RECIPE):
            held.check_out(head)
            barrier.refresh(settings.home, held.root, is_full=False, progress=_to_nobody)
            _publish(settings, claim, paths.memory_file(settings.home, held.root), head)
            return
    with opened(settings) as projects:
        projects.settle(claim, _RECIPE)


def _publish(settings: Settings, claim: Claim, memory_file: str, head: str) -> None:
    failpoints.reach("central.before_publish")
    found = os.path.realpath(memory_file)
    # In one transaction: what is published and not settled would be published again.
    with opened(settings) as projects, projects.all_or_nothing():
        central_memory.publish(projects, claim.id, found, fence=claim.fence, head=head)
        failpoints.reach("central.before_settle")
        projects.settle(claim, _RECIPE)
    failpoints.reach("central.after_settle")
    _log.info("%s is published at %s", claim.remote, head[:12])


def _to_nobody(_done: int, _total: int) -> None:
    """Tell nobody how far the work is."""


def _note_failure(settings: Settings, claim: Claim, error: Exception) -> None:
    is_known = isinstance(error, RtkqError | OSError)
    _log.warning("%s failed: %s", claim.remote, error, exc_info=not is_known)
    # Where it cannot be noted the lease runs out.
    with suppress(StoreError), opened(settings) as projects:
        projects.fail(claim, str(error) or repr(error))


@contextmanager
def _renewed(settings: Settings, claim: Claim) -> Iterator[None]:
    """Renew the lease all the while, by a thread: a frozen process freezes its threads as well."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(central_projects.LEASE_S / 4):
            # Each time over a connection of its own: the last one may have died meanwhile.
            with suppress(StoreError), opened(settings) as projects:
                projects.renew(claim)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
