"""Pools of worker processes: Huey consumers that outlive no parent and drain on SIGTERM.

A server worker has two, one for the queue of its home and one for the team's; they begin and end
together.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from rtkq import drivers
from rtkq_workers.processes import orphans

with drivers.left_out():
    from huey import Huey
    from huey.consumer import Consumer, ConsumerStopped, Scheduler

__all__ = ["Consumer", "consumer", "run"]

#: A worker that was killed is replaced within this time, in seconds.
_HEALTH_INTERVAL_S = 1
#: Work in flight at SIGTERM has this long; what is cut off then is still owed.
_DRAIN_S = 10


class _Sweeper(Scheduler):
    """What stands in the place of a scheduler where nothing is scheduled: a sweep now and then."""

    def __init__(self, sweep: Callable[[], None], every_s: int, huey: Huey, stop_flag: Any) -> None:
        super().__init__(huey, stop_flag, every_s, periodic=False)
        self._sweep = sweep

    def loop(self, _now: Any = None) -> None:
        """Sweep, then wait for the rest of the interval."""
        began = time.monotonic()
        self._sweep()
        self.sleep_for_interval(began, self.interval)


def consumer(
    huey: Huey, workers: int, *, sweep: Callable[[], None] | None = None, every_s: int = 1
) -> Consumer:
    """Return a pool of *workers* processes for the jobs of *huey*.

    Args:
        huey: Where the jobs come from.
        workers: How many processes to keep.
        sweep: Called by a process of its own, in the place of what is scheduled; never raises.
        every_s: Time between two sweeps, in seconds.
    """

    class Pool(Consumer):
        def _create_scheduler(self) -> Scheduler:
            if sweep is None:
                return super()._create_scheduler()
            return _Sweeper(sweep, every_s, self.huey, self.stop_flag)

    made = Pool(
        huey,
        workers=workers,
        worker_type="process",
        initial_delay=0.02,
        backoff=1,
        max_delay=0.02,
        health_check_interval=_HEALTH_INTERVAL_S,
        graceful_signal="TERM",
        shutdown_timeout=_DRAIN_S,
    )
    _bind_to_parent(made.environment)
    return made


def run(consumers: Sequence[Consumer]) -> int:
    """Run all *consumers* until SIGTERM or SIGINT; return its number."""
    for one in consumers:
        one.start()
    # Each sets handlers for signals; those of the last one are in force.
    hearing = consumers[-1]
    try:
        checked_at = dict.fromkeys(consumers, time.monotonic())
        while True:
            for one in consumers:
                checked_at[one] = one.loop(checked_at[one])
    except ConsumerStopped:
        for one in consumers:
            one.stop_flag.set()  # all drain at the same time
        for one in consumers:
            if one is not hearing:
                one.stop(graceful=hearing._graceful)
    for one in consumers:
        one.huey.notify_interrupted_tasks()
    return int(hearing._signum or 0)


def _bind_to_parent(environment: Any) -> None:
    # Huey's children ignore signals while idle and would live on as orphans, running old code.
    parent = os.getpid()
    init_child = environment.init_child

    def init(process: Any) -> None:
        orphans.die_with(parent)
        init_child(process)

    environment.init_child = init
