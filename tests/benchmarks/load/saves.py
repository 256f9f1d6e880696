"""Saves in one project after the other, and how long each memory takes to hold them.

A save does not wait for the one before it, as its user would not: a project whose memory comes
late is noted as such and holds up no measurement.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from tests.benchmarks.load.record import PEACE, STORM, Record, Save
from tests.benchmarks.save_to_fresh import Reader

_QUERY = "SELECT 1 FROM definition WHERE name = ?"
_LONGEST_S = 30.0
_POLL_S = 0.01


class Saves:
    """What was saved and is waited for."""

    def __init__(
        self,
        home: Path,
        roots: Sequence[Path],
        record: Record,
        now: Callable[[], float],
        *,
        numbers: Sequence[int],
        seed: int,
    ) -> None:
        """Save in the projects with these *numbers* among those at *roots*."""
        self._home = home
        self._roots = roots
        self._record = record
        self._now = now
        self._turns = _in_turns(numbers, random.Random(f"saves {seed}"))
        #: Number of the project → what is waited for, since when, in peace or storm, and who looks.
        self._waiting: dict[int, tuple[str, float, str, Reader]] = {}

    def go_on(self, every_s: float, is_storm: Event, is_over: Event) -> None:
        """Save somewhere every so often until it is over; then wait for what is left."""
        due = self._now()
        while not is_over.wait(_POLL_S):
            if self._now() >= due:
                due += every_s
                self._save(STORM if is_storm.is_set() else PEACE)
            self._look()
        while self._waiting:
            time.sleep(_POLL_S)
            self._look()

    def _save(self, when: str) -> None:
        number = next(self._turns)
        if number in self._waiting:
            return  # its user waits for the one before
        reader = Reader(self._home, self._roots[number])
        name = f"LoadProbe{time.time_ns()}"
        (self._roots[number] / "probe.py").write_text(f"def {name}(token):\n    return token\n")
        self._waiting[number] = name, self._now(), when, reader

    def _look(self) -> None:
        for number, (name, at, when, reader) in [*self._waiting.items()]:
            waited_s = self._now() - at
            if reader.has(_QUERY, name):
                self._record.saves.append(Save(at, number, when, 1000 * waited_s))
            elif waited_s > _LONGEST_S:
                self._record.missed[when] += 1
            else:
                continue
            reader.close()
            del self._waiting[number]


def _in_turns(numbers: Sequence[int], chance: random.Random) -> Iterator[int]:
    """Yield all *numbers* in a random order, and again in another one."""
    while True:
        yield from chance.sample(numbers, len(numbers))
