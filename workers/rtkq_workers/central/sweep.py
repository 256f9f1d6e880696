"""The sweep for central projects: find what is owed and nudge the team's workers."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from rtkq import jobs
from rtkq.config import Settings
from rtkq.errors import StoreError
from rtkq.team import condition
from rtkq.team.breaker import Condition
from rtkq_workers.central.servers import opened, team_queue

_log = logging.getLogger(__name__)

#: A nudge that was not taken up for this long is believed lost, in seconds.
_LOST_AFTER_S = 30.0
#: What each of those before it may take, in seconds.
_A_NUDGE_S = 1.0


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
