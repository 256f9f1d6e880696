"""The queue is fair and short: no project keeps the workers, or fills it with nudges."""

from __future__ import annotations

import time

from rtkq import jobs, store
from rtkq.store import Registry
from rtkq_workers import pay
from rtkq_workers.rebuild import rebuild
from tests.conftest import Checkout


def test_steady_writer_does_not_keep_a_worker(home: str, checkout: Checkout) -> None:
    """When its turn is over the worker leaves; what came meanwhile is owed and nudged again."""
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    told = []

    def write_again(done: int, total: int) -> None:
        told.append(done)
        if len(told) < 5:
            checkout.write("src/cache.py", f"def written_{len(told)}():\n    pass\n")
            store.mark(home, checkout.root, ["src/cache.py"])

    write_again(0, 0)
    told.clear()
    is_done = rebuild(home, checkout.root, progress=write_again, turn_s=0.0)

    with Registry(home) as registry:
        (project,) = registry.projects()
    assert is_done
    assert len(told) == 1
    assert project.is_owing


def test_project_cut_short_waits_behind_the_others(
    home: str, checkout: Checkout, monkeypatch
) -> None:
    """However lately an agent used it: else it would be first in the queue each time."""
    given = []
    monkeypatch.setattr(pay, "rebuild", lambda *_, **__: True)
    monkeypatch.setattr(pay.jobs, "nudge", lambda _home, root, priority: given.append(priority))
    store.register(home, checkout.root)
    store.mark(home, checkout.root, ["src/cache.py"])

    pay.pay(home, checkout.root)

    assert given == [pay.jobs.PRIORITY_IDLE]


def test_nudge_that_waits_behind_many_is_not_doubled(
    home: str, checkout: Checkout, monkeypatch
) -> None:
    """A long queue is no sign of loss: doubles would only make it longer."""
    roots = [f"{checkout.root}/{number}" for number in range(30)]
    for root in roots:
        store.register(home, root)
    now = time.time()
    monkeypatch.setattr(jobs.time, "time", lambda: now)
    for root in roots:
        jobs.nudge(home, root)

    monkeypatch.setattr(jobs.time, "time", lambda: now + 10)
    for root in roots:
        jobs.nudge(home, root)
    waiting = jobs.depth(home)
    monkeypatch.setattr(jobs.time, "time", lambda: now + 60)
    jobs.nudge(home, roots[0])

    assert waiting == 30
    assert jobs.depth(home) == 31
