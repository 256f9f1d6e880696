"""When is a burst of changes over? Pure: the time comes in as ``now_ms``.

Knows nothing of threads, disks or stores. The rule that makes it correct: whatever was noted and
not yet taken is in the next burst, and no burst waits longer than *max_wait_ms* for silence, or a
steady writer would never be looked at.

All instants are monotonic integer milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

#: More touched paths than this are looked at by one rescan.
MOST_PATHS = 500


@dataclass(frozen=True, slots=True)
class Burst:
    """What happened in one project since it was last looked at."""

    #: Touched paths, relative to the root; empty when a rescan is asked for.
    paths: frozenset[str]
    #: Why a rescan is asked for; empty when the paths are enough.
    reasons: frozenset[str]

    @property
    def is_rescan(self) -> bool:
        """Whether the whole project has to be compared."""
        return bool(self.reasons)


class Debounce:
    """The unfinished burst of one project.

    Invariant: once a rescan is asked for, no paths are collected, for the rescan covers them.

    Args:
        quiet_ms: Silence that ends a burst.
        max_wait_ms: Longest time a burst is held.
    """

    def __init__(self, *, quiet_ms: int, max_wait_ms: int) -> None:
        self._quiet_ms = quiet_ms
        self._max_wait_ms = max_wait_ms
        self._paths: set[str] = set()
        self._reasons: set[str] = set()
        self._first_ms: int | None = None
        self._last_ms = 0
        self._held_until_ms = 0
        self._resting_until_ms = 0

    @property
    def is_rescan(self) -> bool:
        """Whether the unfinished burst asks for a rescan."""
        return bool(self._reasons)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was noted since the last burst was taken."""
        return self._first_ms is None

    def touch(self, path: str, now_ms: int) -> None:
        """Note that *path* should be looked at."""
        self._note(now_ms)
        if not self._reasons:
            self._paths.add(path)
            if len(self._paths) > MOST_PATHS:
                self.desync("many paths", now_ms)

    def desync(self, why: str, now_ms: int) -> None:
        """Note that the whole project should be looked at; *why* ends up in the burst."""
        self._note(now_ms)
        self._reasons.add(why)
        self._paths.clear()

    def hurry(self, now_ms: int) -> None:
        """Make what is noted due at once: somebody waits for it."""
        self._last_ms = now_ms - self._quiet_ms
        self._held_until_ms = self._resting_until_ms = now_ms

    def rest(self, until_ms: int) -> None:
        """Let no rescan be due before *until_ms*; bursts of a few paths are not held."""
        self._resting_until_ms = until_ms

    def due_at_ms(self) -> int | None:
        """Return when the burst is over as far as is known now, or None without a burst."""
        if self._first_ms is None:
            return None
        over_ms = min(self._last_ms + self._quiet_ms, self._first_ms + self._max_wait_ms)
        rested_ms = self._resting_until_ms if self._reasons else 0
        return max(over_ms, rested_ms, self._held_until_ms)

    def take(self, now_ms: int) -> Burst | None:
        """Return the burst and start a new one, or None while it is not due."""
        due_ms = self.due_at_ms()
        return None if due_ms is None or now_ms < due_ms else self._taken()

    def give_back(self, burst: Burst, now_ms: int, *, wait_ms: int) -> None:
        """Take back a *burst* that could not be looked at; due again in *wait_ms* at the earliest.

        It is merged with what was noted in the meantime.
        """
        for why in burst.reasons:
            self.desync(why, now_ms)
        for path in burst.paths:
            self.touch(path, now_ms)
        self._held_until_ms = now_ms + wait_ms

    def _note(self, now_ms: int) -> None:
        if self._first_ms is None:
            self._first_ms = now_ms
        self._last_ms = now_ms

    def _taken(self) -> Burst:
        burst = Burst(frozenset(self._paths), frozenset(self._reasons))
        self._paths.clear()
        self._reasons.clear()
        self._first_ms = None
        return burst
