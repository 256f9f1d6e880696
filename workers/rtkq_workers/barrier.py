"""Waiting until the memory holds what the disk holds, with whoever is there to do the work."""

from __future__ import annotations

import time
from collections.abc import Callable

from rtkq import git, jobs, recall, repository, store
from rtkq.build.recipe import recipe_of
from rtkq.errors import ProjectError, StoreDamaged, Timeout
from rtkq.records import Stage
from rtkq.store import memories
from rtkq_workers.checkout import scan
from rtkq_workers.processes import heartbeat
from rtkq_workers.rebuild import Progress, rebuild

_POLL_S = 0.01
#: Living workers have this long to take a nudge up before the caller helps itself, in seconds.
_PATIENCE_S = 2.0
#: What others marked meanwhile is waited for as well, but only so long: a steady writer would
#: hold the barrier for ever. In seconds.
_CALM_S = 1.0


def refresh(home: str, root: str, *, is_full: bool, progress: Progress) -> None:
    """Bring the memory of *root* up to date, by this process unless another one is at it.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        is_full: Recompute everything.
        progress: Told (files done, files in all).
    """
    _healed(lambda: _refresh(home, root, is_full=is_full, progress=progress))


def _refresh(home: str, root: str, *, is_full: bool, progress: Progress) -> None:
    is_compared = False
    while not is_compared:
        began_at = time.time()
        is_compared, _ = _mark_differences(home, root, is_full=is_full)
        is_full = False
        while not rebuild(home, root, progress=progress):
            time.sleep(_POLL_S)
    store.touch_verified(home, root, began_at)


def sync(home: str, root: str, *, timeout_s: float) -> None:
    """Return when every change made on disk before the call is in the memory of *root*.

    Raises:
        Timeout: It was not after *timeout_s* seconds; what is owed stays owed.
    """
    deadline = time.monotonic() + timeout_s
    _healed(lambda: _sync(home, root, deadline))


def _sync(home: str, root: str, deadline: float) -> None:
    is_compared = False
    while not is_compared:
        began_at = time.time()
        is_compared, seq = _mark_differences(home, root)
        if seq is not None:
            jobs.nudge(home, root)
            _wait_paid(home, root, seq, deadline)
    store.touch_verified(home, root, began_at)


def _healed(work: Callable[[], None]) -> None:
    """Do *work*, and again when it came upon damage: the memory was set aside then."""
    try:
        work()
    except StoreDamaged:
        work()


def _mark_differences(home: str, root: str, *, is_full: bool = False) -> tuple[bool, int | None]:
    """Mark what differs between disk and memory.

    Returns:
        Whether they could be compared: a first build may have read a file before it changed, and
        which ones it has read nobody knows until it is done. And the seq to wait for, None where
        nothing is owed.
    """
    try:
        seen = scan.survey(root)
    except FileNotFoundError as error:
        raise ProjectError(f"{root} is gone", "`rtkq clear` forgets it") from error
    known = store.known_files(home, root)
    owed = [] if known is None else scan.compare(seen, known)
    owed += store.head_debts(home, root, git.tip(root), recipe_of(repository.believed(root)))
    is_owing = owed or store.is_untold(home, root)
    if not is_owing and known is not None and not is_full:
        return True, None
    return known is not None, store.mark(home, root, owed, is_full=is_full)


def _wait_paid(home: str, root: str, seq: int, deadline: float) -> None:
    patience_ends = time.monotonic() + _PATIENCE_S
    calm_ends = 0.0
    while True:
        is_paid, is_owing = _look(home, root, seq)
        now = time.monotonic()
        calm_ends = calm_ends or (now + _CALM_S if is_paid else 0.0)
        if is_paid and (now > calm_ends or not is_owing):
            return
        if now > deadline:
            raise Timeout(
                f"the memory of {root} is not up to date yet",
                "give a longer --timeout, or look at `rtkq status`",
            )
        if not is_paid and (now > patience_ends or not heartbeat.is_alive(home, "worker")):
            rebuild(home, root)
        time.sleep(_POLL_S)


def _look(home: str, root: str, seq: int) -> tuple[bool, bool]:
    """Return whether what was marked up to *seq* is paid, and whether anything is owed."""
    with memories.opened(home, root) as memory:
        is_whole = memory.meta().stage == Stage.COMPLETE
        return is_whole and not memory.is_owing(seq), memory.is_owing()


def summary(home: str, root: str) -> str:
    """Return state and generation of the memory of *root* in words."""
    memory = recall.open_memory(home, root)
    if memory is None:
        return "missing"
    return f"{memory.state(recall.STALE_AFTER_S)}, generation {memory.generation}"
