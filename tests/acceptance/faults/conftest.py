"""One machine of one user, on which things go wrong while subagents are spawned."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from rtkq import cli, config, doctor, paths, recall, store
from rtkq.agents import bundle
from rtkq_workers import barrier
from rtkq_workers.processes import heartbeat
from rtkq_workers.watch import flush
from tests.conftest import Checkout, canonical_rows

DEADLINE_S = 45.0
#: Between two spawns of the agent that works all the while.
_SPAWN_EVERY_S = 0.5
_SPAWN = {
    "hook_event_name": "PreToolUse",
    "session_id": "session",
    "tool_name": "Agent",
    "tool_input": {"description": "", "prompt": "Where is a session refreshed?"},
}
_RTKQ = (sys.executable, "-m", "rtkq.cli")

Done = subprocess.CompletedProcess[str]


def until(condition: Callable[[], object]) -> None:
    """Wait until *condition* holds; fail when it does not in time."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def family(pid: int) -> list[int]:
    """Return *pid* and the processes below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in below for one in family(int(child)))]


@contextmanager
def frozen(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop *process* and everything below it inside the block."""
    stopped = family(process.pid)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


class Machine:
    """A home, a project, and the processes a test starts; all of them end with the test.

    Args:
        home: The home as the processes name it.
        checkout: The project that things happen to.
        within: What to put before each command, to run it elsewhere.
        seen_home: The home as the test finds it, where that is another name.
    """

    def __init__(
        self,
        home: str,
        checkout: Checkout,
        *,
        within: Sequence[str] = (),
        seen_home: str = "",
    ) -> None:
        self.home = home
        self.seen_home = seen_home or home
        self.checkout = checkout
        self.root = checkout.root
        self.within = [*within]
        self._started: list[subprocess.Popen[bytes]] = []

    # -- commands ------------------------------------------------------------------------

    def start(
        self, *words: str, failpoint: str = "", before: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a command of rtkq and let it run."""
        return self.run([*before, *_RTKQ, *words], failpoint=failpoint)

    def run(self, command: Sequence[str], *, failpoint: str = "") -> subprocess.Popen[bytes]:
        """Start any *command* and let it run."""
        process = subprocess.Popen(
            [*self.within, *command],
            env=os.environ | {"RTKQ_FAILPOINT": failpoint},
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process

    def up(self, *words: str) -> subprocess.Popen[bytes]:
        """Start watcher and workers, and wait until the watcher has compared everything."""
        began_at = time.time()
        process = self.start("up", "--workers", "1", "--no-serve", *words)
        until(lambda: self.beat("worker", since=began_at))
        until(lambda: self.is_watched(since=began_at))
        return process

    def is_watched(self, *, since: float = 0.0) -> bool:
        """Return whether a watcher that was started after *since* has its watches in place."""
        beat = self.beat("watch", since=since)
        return beat.get("pending") == 0 and bool(beat["directories"] or beat["limits"])

    def beat(self, kind: str, *, since: float = 0.0) -> dict[str, Any]:
        """Return the last heartbeat of a *kind* that was started after *since*, or nothing."""
        beat = heartbeat.read(self.seen_home, kind) or {}
        return beat if beat.get("started_at", 0.0) > since else {}

    def rtkq(self, *words: str) -> Done:
        """Run a command of rtkq to its end."""
        return subprocess.run(
            [*self.within, *_RTKQ, *words],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            stdin=subprocess.DEVNULL,
        )

    def owe(self) -> None:
        """Write down what is owed, as a watcher does, without anybody to pay it."""
        flush.rescan(self.home, self.root)

    def end(self) -> None:
        """Kill what still runs; children of it die with it."""
        for process in self._started:
            process.kill()
            process.wait()

    # -- what the user sees --------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return what `rtkq status` says of the project."""
        (entry,) = self._printed("status", self.root)
        return dict(entry)

    def plan(self, task: str) -> str:
        """Return what `rtkq plan` prints for *task*."""
        return self.rtkq("plan", task, self.root).stdout

    def doctor(self, *words: str) -> dict[str, dict[str, str]]:
        """Return what `rtkq doctor` finds, by check; of several verdicts the worst."""
        place = self.root if os.path.exists(self.root) else os.path.dirname(self.root)
        order = ["ok", "warn", "fail"]
        found = self._printed("doctor", place, *words)
        listed = sorted(found, key=lambda one: order.index(one["result"]))
        return {one["check"]: one for one in listed}

    def _printed(self, *words: str) -> list[dict[str, Any]]:
        """Return what a command that only looks prints as JSON.

        It runs in this process where it can, for a test asks often; what it prints is the same.
        """
        if self.within:
            done = self.rtkq(*words, "--format", "json")
            assert "Traceback" not in done.stderr
            return list(json.loads(done.stdout))
        with redirect_stdout(io.StringIO()) as printed:
            cli.group.main([*words, "--format", "json"], standalone_mode=False)
        return list(json.loads(printed.getvalue()))

    def verdicts(self, check: str) -> list[str]:
        """Return what one check of the doctor says, asked without a process of its own."""
        (asked,) = (one for checks in doctor.GROUPS.values() for one in checks if one.name == check)
        return [one.result for one in asked.look(doctor.Patient(self.root, config.load()))]

    def hook(self) -> str:
        """Spawn a subagent in the project; return its context, and hold the hook to its promise.

        Whatever is wrong it leaves with 0, and prints nothing or one document.
        """
        done = subprocess.run(
            [*self.within, f"{self.home}/hook/rtkq-hook", "claude-code"],
            input=json.dumps(_SPAWN | {"cwd": self.root}),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        if not done.stdout:
            return ""
        return str(json.loads(done.stdout)["hookSpecificOutput"]["updatedInput"]["prompt"])

    # -- what is promised ----------------------------------------------------------------

    def build(self) -> None:
        """Bring the memory up to date, as `rtkq refresh` does."""
        store.register(self.home, self.root)
        _refresh(self.home, self.root)

    def grow(self) -> None:
        """Give the project so many files that a few changes are paid in place."""
        for number in range(10):
            self.checkout.write(f"lib/part{number}.py", f"def part_{number}(): ...\n")
        self.build()

    def state(self) -> str:
        """Return the state of the memory as readers find it, at this moment."""
        memory = recall.open_memory(self.home, self.root)
        if memory is None:
            return "missing"
        try:
            return memory.state(recall.STALE_AFTER_S)
        finally:
            memory.close()

    def knows(self, word: str) -> bool:
        """Return whether the memory is fresh, and would name a definition called *word*."""
        memory = recall.open_memory(self.home, self.root)
        if memory is None:
            return False
        try:
            found = recall.context(memory, word, budget_tokens=2000)
            return found.state == "fresh" and word in found.text.partition("\n")[2]
        finally:
            memory.close()

    def rows(self) -> dict[str, list[Any]]:
        """Return the canonical rows of the memory."""
        return canonical_rows(self.home, self.root)

    def assert_as_from_nothing(self) -> None:
        """The memory holds, row by row, what one built from nothing would hold."""
        other = f"{os.path.dirname(self.checkout.root)}/other-{time.monotonic_ns()}"
        store.register(other, self.root)
        _refresh(other, self.root)

        assert self.state() == "fresh"
        assert self.rows() == canonical_rows(other, self.root)


def _refresh(home: str, root: str) -> None:
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def age(machine: Machine, seconds: float) -> None:
    """Let every sign of life, and every look at the disk, be older by *seconds*."""
    for kind in ("watch", "worker"):
        file = Path(paths.heartbeat_file(machine.home, kind))
        if file.exists():
            beat = json.loads(file.read_text())
            file.write_text(json.dumps(beat | {"beat_at": beat["beat_at"] - seconds}))
    verified = paths.verified_file(machine.home, machine.root)
    os.utime(verified, (os.stat(verified).st_mtime - seconds,) * 2)


class Agent:
    """Somebody who spawns a subagent every now and then, whatever goes wrong meanwhile."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.failure: AssertionError | None = None
        self.contexts: list[str] = []

    def begin(self) -> None:
        """Spawn subagents from now on."""
        self._thread.start()

    def end(self) -> None:
        """Spawn no more; fail if any spawn got no proper answer."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _work(self) -> None:
        is_ended = False
        while not is_ended:  # at least once, however short the test is
            try:
                self.contexts.append(self._machine.hook())
            except AssertionError as failure:
                self.failure = failure
                return
            is_ended = self._ended.wait(_SPAWN_EVERY_S)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody without settings of their own, on a machine that may be busy."""
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "user/.claude"))
    monkeypatch.setenv("RTKQ_HOOK_DEADLINE_MS", "20000")
    monkeypatch.setenv("RTKQ_WATCH_QUIET_MS", "50")  # how long a burst is held proves nothing here
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def machine(home: str, checkout: Checkout) -> Iterator[Machine]:
    """A machine on which the project has a memory, and an agent works all the while."""
    made = Machine(home, checkout)
    made.build()
    bundle.stage(home, config.load())
    agent = Agent(made)
    agent.begin()
    yield made
    made.end()
    agent.end()
    assert agent.contexts, "the agent never got to work"
