"""The queue is fair and short: no project keeps the workers, or fills it with nudges."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtkq import jobs, paths, recall, store
from rtkq.store import Registry
from rtkq.store.lease import TAKEOVER_AFTER_S
from rtkq_workers.rebuild import pay, rebuild
from rtkq_workers.rebuild.lane import Lane, Occupied
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
    monkeypatch.setattr(pay.jobs, "nudge", lambda *_, priority, **__: given.append(priority))
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


HOLD = """
import sys, time
from rtkq_workers.rebuild.lane import Lane
Lane(sys.argv[1], 1).take()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def large(home: str, checkout: Checkout) -> str:
    """The root of a project that was changed as a whole, beside a small one."""
    for number in range(60):
        checkout.write(f"lib/part{number}.py", f"def part_{number}(): ...\n")
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    store.mark(home, checkout.root, [f"lib/part{number}.py" for number in range(60)])
    return checkout.root


def state(home: str, root: str) -> str:
    memory = recall.open_memory(home, root)
    assert memory is not None
    found = memory.state(3600)
    memory.close()
    return found


def nudges(home: str) -> list[bool]:
    """Return whether each nudge that waits is one for later."""
    return [task.eta is not None for task in jobs.queue(home).huey.pending()]


def test_large_rebuilds_leave_a_worker_for_small_ones(
    home: str, large: str, tmp_path: Path
) -> None:
    """While the lane is taken a large one comes later, by one nudge; a small one comes now."""
    small = Checkout(tmp_path / "small")
    small.write("a.py", "def small_one(): ...\n")
    store.register(home, small.root)
    store.mark(home, small.root, ["a.py"])
    other = Lane(home, 1)
    other.take()

    pay.pay(home, large, places=1)
    pay.pay(home, small.root, places=1)
    for _ in range(3):
        jobs.nudge(home, large)

    assert (state(home, large), state(home, small.root)) == ("dirty", "fresh")
    assert nudges(home) == [True]
    other.leave()
    pay.pay(home, large, places=1)
    assert state(home, large) == "fresh"


def test_large_project_is_edited_beside_a_large_rebuild(home: str, large: str) -> None:
    """What counts is the work, not the project."""
    rebuild(home, large)
    store.mark(home, large, ["lib/part1.py"])
    other = Lane(home, 1)
    other.take()

    pay.pay(home, large, places=1)

    assert state(home, large) == "fresh"
    other.leave()


def test_project_that_is_rebuilt_again_and_again_rests_in_between(
    home: str, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another large one finds the lane free meanwhile."""

    def write_again(name: str) -> None:
        if name == "rebuild.after_commit":
            store.mark(home, large, [f"lib/part{number}.py" for number in range(60)])

    monkeypatch.setattr("rtkq_workers.rebuild.failpoints.reach", write_again)
    monkeypatch.setattr(pay, "_TURN_S", 0.0)
    pay.pay(home, large, places=1)

    assert state(home, large) == "dirty"
    assert nudges(home) == [True]


def test_place_of_a_killed_worker_is_free(home: str) -> None:
    """The kernel gives it back."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, home], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Occupied):
        Lane(home, 1).take()

    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    lane = Lane(home, 1)
    lane.take()
    lane.leave()


def test_place_of_a_frozen_worker_is_not_waited_for(home: str) -> None:
    """It would keep every large rebuild of this home from beginning."""
    frozen, lane = Lane(home, 1), Lane(home, 1)
    frozen.take()
    long_ago = time.time() - 2 * TAKEOVER_AFTER_S
    os.utime(paths.lock_file(home, "large-0"), (long_ago, long_ago))

    lane.take()

    frozen.renew()
    with pytest.raises(Occupied):
        Lane(home, 1).take()
    frozen.leave()
