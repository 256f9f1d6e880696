"""Waiting until the memory holds what the disk holds, with whoever is there to do the work."""

from __future__ import annotations

import time

from rtkq import git, jobs, recall, store
from rtkq.errors import ProjectError, Timeout
from rtkq.records import Stage
from rtkq.store import lease
from rtkq.store import memory as memories
from rtkq_workers import heartbeat
from rtkq_workers.rebuild import Progress, rebuild
from rtkq_workers.watch import scan

_POLL_S = 0.01
#: Living workers have this long to take a nudge up before the caller helps itself, in seconds.
_PATIENCE_S = 2.0


def refresh(home: str, root: str, *, is_full: bool, progress: Progress) -> None:
    """Bring the memory of *root* up to date, by this process unless another one is at it.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        is_full: Recompute everything.
        progress: Told (files done, files in all).
    """
    _mark_differences(home, root, is_full=is_full)
    while not rebuild(home, root, progress=progress):
        time.sleep(_POLL_S)
    store.touch_verified(home, root)


def sync(home: str, root: str, *, timeout_s: float) -> None:
    """Return when every change made on disk before the call is in the memory of *root*.

    Raises:
        Timeout: It was not after *timeout_s* seconds; what is owed stays owed.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seq = _mark_differences(home, root)
        if seq is None:
            return
        jobs.nudge(home, root)
        _wait_paid(home, root, seq, deadline)
        with memories.opened(home, root) as memory:
            # What the first build read while it went on is known only now.
            is_paid = memory.meta().stage == Stage.COMPLETE and not memory.is_owing(seq)
        if is_paid:
            store.touch_verified(home, root)
            return


def _mark_differences(home: str, root: str, *, is_full: bool = False) -> int | None:
    """Mark what differs between disk and memory; return the seq to wait for, None for nothing."""
    try:
        seen = scan.survey(root)
    except FileNotFoundError as error:
        raise ProjectError(f"{root} is gone", "`rtkq clear` forgets it") from error
    known = store.known_files(home, root)
    owed = [] if known is None else scan.compare(seen, known)
    owed += store.head_debts(home, root, git.head(root))
    if not owed and known is not None and not is_full:
        store.touch_verified(home, root)
        return None
    return store.mark(home, root, owed, is_full=is_full)


def _wait_paid(home: str, root: str, seq: int, deadline: float) -> None:
    patience_ends = time.monotonic() + _PATIENCE_S
    while not _is_paid(home, root, seq):
        if time.monotonic() > deadline:
            raise Timeout(
                f"the memory of {root} is not up to date yet",
                "give a longer --timeout, or look at `rtkq status`",
            )
        has_workers = heartbeat.is_alive(home, "worker")
        if not has_workers or time.monotonic() > patience_ends:
            rebuild(home, root)
        time.sleep(_POLL_S)


def _is_paid(home: str, root: str, seq: int) -> bool:
    with memories.opened(home, root) as memory:
        is_paid = memory.meta().stage == Stage.COMPLETE and not memory.is_owing(seq)
    return is_paid and not lease.is_held(home, root)


def summary(home: str, root: str) -> str:
    """Return state and generation of the memory of *root* in words."""
    memory = recall.open_memory(home, root)
    if memory is None:
        return "missing"
    return f"{memory.state(recall.STALE_AFTER_S)}, generation {memory.generation}"
