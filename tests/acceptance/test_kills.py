"""Nothing is lost when processes are killed, wherever they are."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from rtkq import recall, store
from rtkq.store import memories
from rtkq_workers import barrier
from rtkq_workers.processes import heartbeat
from tests.conftest import Checkout

Rows = Callable[[str], dict[str, list[Any]]]
_DEADLINE_S = 30.0


class Processes:
    """Commands of rtkq that a test starts and always stops."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, failpoint: str = "") -> subprocess.Popen[bytes]:
        """Start ``rtkq`` with these *words*."""
        process = subprocess.Popen(
            [sys.executable, "-m", "rtkq.cli", *words],
            env=os.environ | {"RTKQ_FAILPOINT": failpoint},
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """Kill what still runs."""
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def processes(home: str) -> Iterator[Processes]:
    """Real processes of rtkq."""
    started = Processes()
    yield started
    started.stop()


def until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds; fail when it does not in time."""
    deadline = time.monotonic() + _DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """Return the processes whose parent is *pid*."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    )
    return [int(word) for word in listed.stdout.split()]


def is_running(pid: int) -> bool:
    """Return whether *pid* runs and is no zombie."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def edit_everything(checkout: Checkout) -> None:
    checkout.write("src/session.py", "def renewed():\n    return 'session'\n")
    checkout.write("src/fresh.rs", "pub fn brand_new() {}\n")
    os.unlink(f"{checkout.root}/src/cache.py")


@pytest.mark.parametrize(
    "failpoint", ["rebuild.before_publish", "rebuild.before_commit", "rebuild.before_swap"]
)
def test_worker_killed_in_a_rebuild_loses_nothing(
    failpoint: str,
    home: str,
    checkout: Checkout,
    processes: Processes,
    rows_of: Rows,
    rows_from_nothing: Rows,
) -> None:
    """Killed at any step, a rebuild is done again; readers see the old state until then."""
    for number in range(40):  # so many that a few changes are paid in place
        checkout.write(f"lib/part{number}.py", f"def part_{number}(value):\n    return value\n")
    refresh(home, checkout.root)
    before = rows_of(checkout.root)
    edit_everything(checkout)
    is_full = failpoint == "rebuild.before_swap"
    seq = store.mark(home, checkout.root, ["src/session.py", "src/fresh.rs"], is_full=is_full)
    dying = processes.start("worker", "--burst", failpoint=failpoint)

    assert dying.wait(_DEADLINE_S) == -signal.SIGKILL
    with memories.opened(home, checkout.root) as memory:
        assert memory.is_owing(seq)
    assert rows_of(checkout.root) | {"debt": [], "meta": []} == before | {"debt": [], "meta": []}
    barrier.sync(home, checkout.root, timeout_s=_DEADLINE_S)
    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_watcher_killed_between_event_and_flush_loses_nothing(
    home: str, checkout: Checkout, processes: Processes, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """A change whose event died with the watcher is found by the next one."""
    refresh(home, checkout.root)
    dying = processes.start("watch", "-q", failpoint="watch.before_flush")
    until(lambda: heartbeat.is_alive(home, "watch"))
    deadline = time.monotonic() + _DEADLINE_S
    while dying.poll() is None and time.monotonic() < deadline:
        checkout.write("src/session.py", f"def renewed():\n    return {time.monotonic_ns()}\n")
        time.sleep(0.2)
    assert dying.wait(1) == -signal.SIGKILL

    processes.start("up")

    until(
        lambda: _state(home, checkout.root) == "fresh" and _is_findable(home, checkout, "renewed")
    )
    barrier.sync(home, checkout.root, timeout_s=_DEADLINE_S)
    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_workers_killed_again_and_again_pay_in_the_end(
    home: str, checkout: Checkout, processes: Processes, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Workers killed at random moments while files change leave nothing owed at the end."""
    refresh(home, checkout.root)
    up = processes.start("up", "--workers", "2")
    until(lambda: heartbeat.is_alive(home, "worker") and heartbeat.is_alive(home, "watch"))
    chance = random.Random(7)

    for turn in range(12):
        for name in chance.sample("abcdefgh", 4):
            checkout.write(f"src/{name}.py", f"def {name}_{turn}():\n    return {turn}\n")
        time.sleep(chance.uniform(0.1, 0.6))
        victims = [grandchild for child in children(up.pid) for grandchild in children(child)]
        with suppress(IndexError, ProcessLookupError):  # none is there, or it ended by itself
            os.kill(chance.choice(victims), signal.SIGKILL)
    checkout.write("src/last.py", "def written_last():\n    return 0\n")

    until(lambda: _is_findable(home, checkout, "written_last"))
    until(lambda: _state(home, checkout.root) == "fresh")
    barrier.sync(home, checkout.root, timeout_s=_DEADLINE_S)
    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_killed_parent_leaves_no_orphan(
    home: str, checkout: Checkout, processes: Processes
) -> None:
    """A ``kill -9`` of ``rtkq up`` takes watcher, workers and scheduler with it."""
    up = processes.start("up", checkout.root)
    until(lambda: heartbeat.is_alive(home, "worker") and heartbeat.is_alive(home, "watch"))
    family = children(up.pid)
    family += [grandchild for child in family for grandchild in children(child)]
    assert len(family) >= 4

    up.kill()
    up.wait()

    until(lambda: not any(is_running(pid) for pid in family))


def test_sigterm_drains_and_leaves_nothing_running(
    home: str, checkout: Checkout, processes: Processes
) -> None:
    """``rtkq up`` ends with 0 at SIGTERM, and everything it started ends before it."""
    up = processes.start("up", checkout.root)
    until(lambda: _state(home, checkout.root) == "fresh")
    family = children(up.pid)
    family += [grandchild for child in family for grandchild in children(child)]

    up.terminate()

    assert up.wait(_DEADLINE_S) == 0
    assert not any(is_running(pid) for pid in family)


def test_interrupted_worker_says_so(home: str, checkout: Checkout, processes: Processes) -> None:
    """Ctrl-C ends a command with 130, so a script that runs it knows to stop as well."""
    store.register(home, checkout.root)
    store.mark(home, checkout.root, [], is_full=True)
    worker = processes.start("worker")
    until(lambda: _state(home, checkout.root) == "fresh")

    worker.send_signal(signal.SIGINT)

    assert worker.wait(_DEADLINE_S) == 130


def _state(home: str, root: str) -> str:
    memory = recall.open_memory(home, root)
    return memory.state(recall.STALE_AFTER_S) if memory else "missing"


def _is_findable(home: str, checkout: Checkout, text: str) -> bool:
    memory = recall.open_memory(home, checkout.root)
    return memory is not None and text in recall.context(memory, text, budget_tokens=2000).text
