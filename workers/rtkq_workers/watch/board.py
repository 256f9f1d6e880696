"""Which project is to be looked at next, and how.

Observers write on the board, the threads that look take from it. A project is looked at by one
thread at a time, and rescans have a thread of their own, so that a large project's rescan never
holds up the few paths another project owes.

All instants are monotonic integer milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rtkq.config import WatchSettings
from rtkq_workers.checkout.ignore import Ignore
from rtkq_workers.watch.debounce import Burst, Debounce
from rtkq_workers.watch.observe import Tree

#: What cannot be watched is rescanned this often, or as often as keeps it under a twentieth.
_POLL_MS = 5_000
_POLL_SHARE = 20
#: A rescan may take one two-hundredth of a processor when nothing asks for it, one fifth when
#: something does.
_INTERVAL_SHARE = 200
_REST_SHARE = 4
#: A first build is asked after this often.
_FIRST_BUILD_MS = 2_000
_FIRST_BACKOFF_MS = 100
_LONGEST_BACKOFF_MS = 30_000


def monotonic_ms() -> int:
    """Return the monotonic clock in milliseconds."""
    return time.monotonic_ns() // 1_000_000


class Watched:
    """One project on the board; the sink of its observer.

    Invariant: what is noted here is used under the board's lock only. *tree* and *ignore* belong
    to the thread that rescans.
    """

    def __init__(self, board: Board, root: str, settings: WatchSettings) -> None:
        self.root = root
        self.tree: Tree | None = None
        self.ignore: Ignore | None = None
        #: Folder that was found at the root when it was last looked at.
        self.identity: tuple[int, int] | None = None
        self.is_missing = False
        self.is_busy = False
        self.is_urgent = False
        self.debounce = Debounce(quiet_ms=settings.quiet_ms, max_wait_ms=settings.max_wait_ms)
        self._board = board
        self._interval_ms = settings.rescan_interval_s * 1000
        self._is_compared = False
        self._failures = 0
        self._rescan_at_ms: int | None = None
        self._poll_at_ms = 0

    @property
    def is_in_sync(self) -> bool:
        """Whether memory and debts agree with the disk, but for what waits for silence."""
        return self._is_compared and not self._failures

    @property
    def limit(self) -> str:
        """What keeps this project from being watched; empty when nothing does."""
        return self.tree.limit if self.tree is not None else ""

    def touched(self, path: str) -> None:
        """Take note that the file at *path*, relative to the root, may have changed."""
        with self._noting():
            self.debounce.touch(path, monotonic_ms())

    def desynced(self, why: str) -> None:
        """Take note that anything may have changed."""
        with self._noting():
            self._is_compared = False
            self.debounce.desync(why, monotonic_ms())

    def lost(self) -> None:
        """Take note that the root is gone: nothing can be looked at until it returns."""
        with self._board.changed:
            self.is_missing, self._is_compared = True, False

    def found(self) -> None:
        """Take note that the root is back, or that another folder stands there now."""
        self.is_missing = False
        self.hurry("root")

    def hurry(self, why: str, *, is_urgent: bool = False) -> None:
        """Take note that anything may have changed and that it is time to look.

        Args:
            why: The reason.
            is_urgent: Somebody waits: before all other projects.
        """
        with self._board.changed:
            self.desynced(why)
            self.is_urgent = self.is_urgent or is_urgent
            self.debounce.hurry(monotonic_ms())
            self._board.changed.notify_all()

    def is_replaced(self, found: tuple[int, int] | None) -> bool:
        """Return whether *found* is another folder than the one that is watched."""
        return self.identity is not None and found != self.identity

    def regular_rescan(self, now_ms: int) -> str:
        """Return why a rescan is due without an event; empty when none is."""
        if self.is_missing or self.is_busy or self.debounce.is_rescan or not self._rescan_at_ms:
            return ""
        if now_ms >= self._rescan_at_ms:
            return "interval"
        return "poll" if self.limit and now_ms >= self._poll_at_ms else ""

    def rescanned(self, now_ms: int, took_ms: int) -> None:
        """Plan the next rescans after one that ended at *now_ms*."""
        with self._board.changed:
            self._is_compared = not (self.limit or self.debounce.is_rescan)
            self.is_urgent = False
            self._rescan_at_ms = now_ms + max(self._interval_ms, _INTERVAL_SHARE * took_ms)
            self._poll_at_ms = now_ms + max(_POLL_MS, _POLL_SHARE * took_ms)
            self.debounce.rest(now_ms + _REST_SHARE * took_ms)

    def await_first_build(self) -> None:
        """Plan a rescan for the time when there is something to compare with."""
        with self._board.changed:
            self.desynced("first build")
            self.debounce.rest(monotonic_ms() + _FIRST_BUILD_MS)

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self._failures = 0

    def give_back(self, burst: Burst) -> int:
        """Take back a *burst* that could not be looked at; return the wait before the next try."""
        wait_ms = min(_FIRST_BACKOFF_MS << min(self._failures, 16), _LONGEST_BACKOFF_MS)
        self._failures += 1
        with self._board.changed:
            self.debounce.give_back(burst, monotonic_ms(), wait_ms=wait_ms)
        return wait_ms

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Hold the lock, and wake the threads if one of them has something to wait for now.

        Later events of a burst only put off what that thread has planned, so it may sleep on.
        """
        with self._board.changed:
            before = self.debounce.is_empty, self.debounce.is_rescan
            yield
            if before != (self.debounce.is_empty, self.debounce.is_rescan):
                self._board.changed.notify_all()


class Board:
    """The projects under watch."""

    def __init__(self) -> None:
        #: Guards everything on the board; notified when something may be due earlier.
        self.changed = threading.Condition(threading.RLock())
        self._watched: dict[str, Watched] = {}
        self._closes_at_ms: int | None = None

    def put(self, watched: Watched) -> None:
        """Put a project on the board."""
        with self.changed:
            self._watched[watched.root] = watched

    def remove(self, root: str) -> Watched | None:
        """Take the project at *root* off the board; what it owed to be looked at is dropped."""
        with self.changed:
            return self._watched.pop(root, None)

    def find(self, root: str) -> Watched | None:
        """Return the project at *root*, if it is on the board."""
        return self._watched.get(root)

    def all(self) -> list[Watched]:
        """Return the projects in the order they were put on the board."""
        with self.changed:
            return list(self._watched.values())

    def take(self, *, rescans: bool) -> tuple[Watched, Burst] | None:
        """Wait for a burst that is due and return it; None when the board is closed.

        The caller looks, and then calls ``done``.

        Args:
            rescans: Whether to wait for rescans or for bursts of a few paths.
        """
        with self.changed:
            while not self._is_over(rescans):
                now_ms = monotonic_ms()
                waiting = [one for one in self._waiting(rescans) if not one.is_busy]
                turn = _first_due(waiting, now_ms)
                if turn is not None:
                    turn[0].is_busy = True
                    return turn
                self.changed.wait(self._patience_s(waiting, now_ms))
        return None

    def done(self, watched: Watched) -> None:
        """Note that nobody looks at *watched* any more."""
        with self.changed:
            watched.is_busy = False
            self.changed.notify_all()

    def close(self, within_ms: int) -> None:
        """Let what is noted be taken at once, and end after *within_ms* at the latest."""
        with self.changed:
            self._closes_at_ms = monotonic_ms() + within_ms
            for watched in self._watched.values():
                watched.debounce.hurry(monotonic_ms())
            self.changed.notify_all()

    def _waiting(self, rescans: bool) -> Iterable[Watched]:
        return (
            one
            for one in self._watched.values()
            if not one.debounce.is_empty
            and one.debounce.is_rescan == rescans
            and not one.is_missing
        )

    def _is_over(self, rescans: bool) -> bool:
        if self._closes_at_ms is None:
            return False
        is_done = not any(self._waiting(rescans)) and not any(
            one.is_busy for one in self._watched.values()
        )
        return is_done or monotonic_ms() >= self._closes_at_ms

    def _patience_s(self, waiting: Iterable[Watched], now_ms: int) -> float | None:
        instants = [due for one in waiting if (due := one.debounce.due_at_ms()) is not None]
        if self._closes_at_ms is not None:
            instants.append(self._closes_at_ms)
        return max(min(instants) - now_ms, 1) / 1000 if instants else None


def _first_due(waiting: Iterable[Watched], now_ms: int) -> tuple[Watched, Burst] | None:
    for watched in sorted(waiting, key=_urgency):
        burst = watched.debounce.take(now_ms)
        if burst is not None:
            return watched, burst
    return None


def _urgency(watched: Watched) -> tuple[bool, int]:
    return not watched.is_urgent, watched.debounce.due_at_ms() or 0
