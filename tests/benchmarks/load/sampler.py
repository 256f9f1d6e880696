"""A look at queue, debts and memory from time to time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event

from rtkq import jobs, recall, store
from tests.benchmarks import tree
from tests.benchmarks.load.record import Record, Sample

_EVERY_S = 1.0
_OLDEST = "SELECT min(marked_at) FROM debt"


class Sampler:
    """Looks at the projects at *roots* and at the processes below *pid*."""

    def __init__(
        self,
        home: Path,
        roots: Sequence[Path],
        record: Record,
        now: Callable[[], float],
        pid: int,
    ) -> None:
        self._home = str(home)
        self._numbers = {str(root): number for number, root in enumerate(roots)}
        self._record = record
        self._now = now
        self._pid = pid

    def go_on(self, is_over: Event) -> None:
        """Look every second until it is over."""
        while not is_over.wait(_EVERY_S):
            try:
                sizes = tree.pss_mb(self._pid)
            except (OSError, StopIteration):
                continue  # a process ended while it was looked at
            owing = self._owing()
            lags = {number: self._lag_s(root) for root, number in owing.items()}
            depth = jobs.depth(self._home)
            self._record.samples.append(Sample(self._now(), depth, len(owing), sizes, lags))

    def _owing(self) -> dict[str, int]:
        with store.Registry(self._home) as registry:
            owing = registry.owing(time.time())
        return {one.root: self._numbers[one.root] for one in owing}

    def _lag_s(self, root: str) -> float:
        """Return the age of the oldest debt at *root*."""
        memory = recall.open_memory(self._home, root)
        if memory is None:
            return 0.0
        with closing(memory):
            ((marked_at_ms,),) = memory.rows(_OLDEST)
        return max(0.0, time.time() - marked_at_ms / 1000) if marked_at_ms else 0.0
