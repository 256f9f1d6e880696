"""What a nudge does: rebuild, and on failure note it and wait longer each time."""

from __future__ import annotations

import logging
import random
import time

from rtkq import failpoints, jobs
from rtkq.errors import LeaseLost, RtkqError
from rtkq.store import Registry, metrics
from rtkq_workers.rebuild import rebuild
from rtkq_workers.rebuild.lane import Lane, Occupied

_log = logging.getLogger(__name__)

#: A project that is written to without pause goes behind the others after this, in seconds.
_TURN_S = 0.5
#: One that found the lane of large rebuilds taken tries again after this, in seconds.
_OCCUPIED_S = 1.0
#: One that was rebuilt as a whole rests for as long as that took, but not longer, in seconds.
_LONGEST_REST_S = 4.0
_BASE_S = 2.0
_CAP_S = 300.0
_JITTER = 0.2


def pay(home: str, root: str, *, places: int = 0) -> None:
    """Pay what is owed to the checkout at *root*; never raises for what can go wrong there.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        places: How many large rebuilds may go on at once; 0 for no limit.
    """
    failpoints.reach("pay.after_dequeue")
    with Registry(home) as registry:
        registry.drop_nudge(root)
        project = registry.find(root)
    if project is None:
        return
    began = time.monotonic()
    lane = Lane(home, places)
    try:
        is_done = rebuild(home, root, turn_s=_TURN_S, lane=lane)
    except Occupied:
        jobs.nudge(home, root, delay_s=_OCCUPIED_S)
        return
    except LeaseLost as error:
        _log.warning("%s", error)
        return
    except Exception as error:
        # Whatever it is: not noted, it would be tried again at once and for ever, unseen.
        _note_failure(home, root, project.attempts + 1, error)
        metrics.note_rebuild(home, root, time.monotonic() - began, is_done=False)
        return
    if is_done:
        took_s = time.monotonic() - began
        metrics.note_rebuild(home, root, took_s, is_done=True)
        _nudge_if_owing(home, root, rest_s=min(took_s, _LONGEST_REST_S) if lane.is_taken else 0.0)


def _note_failure(home: str, root: str, attempts: int, error: Exception) -> None:
    wait_s = backoff_s(attempts) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
    is_known = isinstance(error, RtkqError | OSError)
    _log.warning("rebuilding %s failed, try %d: %s", root, attempts, error, exc_info=not is_known)
    with Registry(home) as registry:
        registry.fail(
            root, attempts=attempts, retry_at=time.time() + wait_s, error=str(error) or repr(error)
        )
    jobs.nudge_later(home, root, wait_s)


def backoff_s(attempt: int) -> float:
    """Return how long to wait before the next try, in seconds, jitter apart.

    Args:
        attempt: 1 after the first failure.

    Source:
        Exponential backoff: doubles from 2 s and stops at 5 minutes.
    """
    return min(_CAP_S, _BASE_S * 2.0 ** min(attempt - 1, 20))


def _nudge_if_owing(home: str, root: str, *, rest_s: float) -> None:
    # A debt marked between the last look and the release of the lease may have had its nudge
    # answered by a worker that found the lease held.
    with Registry(home) as registry:
        project = registry.find(root)
    if project is not None and project.is_owing:
        # Behind all that wait: with the priority of a project in use, a steady writer would come
        # before the others again and again.
        jobs.nudge(home, root, priority=jobs.PRIORITY_IDLE, delay_s=rest_s)
