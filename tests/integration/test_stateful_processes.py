"""While files and git change and processes are killed, nobody is told anything wrong.

Real processes, and real signals at any moment. A step is a change of the project or one of
`_Running`'s methods.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from rtkq import recall, store
from rtkq.agents import bundle
from rtkq_workers.processes import heartbeat
from rtkq_workers.rebuild import reading, rebuild
from tests.conftest import canonical_rows
from tests.integration.generated import Change, Generated, changes, close_facts, drawn

_DEADLINE_S = 60.0
_TASK = "evict_cache in core/a.py"

_STEPS = st.one_of(
    st.tuples(st.just("change"), st.lists(changes(), min_size=1, max_size=8)),
    st.tuples(st.just("change"), st.lists(changes(), min_size=1, max_size=8)),
    st.tuples(st.just("kill"), st.integers(0, 5)),
    st.tuples(st.sampled_from(["kill_all", "look", "sync", "settle"])),
)


# Not shrunk: each try takes seconds, and the same steps meet other moments.
@settings(drawn(3), phases=[Phase.generate])
@given(
    start=st.sampled_from(["checkout", "folder", "worktree"]),
    steps=st.lists(_STEPS, min_size=6, max_size=12),
)
def test_readers_are_told_the_truth_whatever_happens(
    start: str, steps: list[tuple[Any, ...]]
) -> None:
    """Nothing stale is called fresh, no change is forgotten, and the hook always answers."""
    running = _Running(start)
    try:
        for name, *arguments in steps:
            event(name)
            getattr(running, name)(*arguments)
            running.look()
        running.sync()
        running.settle()
        running.stop()
    finally:
        running.remove()


class _Running:
    """A generated project with ``rtkq up`` at work on it."""

    def __init__(self, start: str) -> None:
        self._project = Generated(start)
        self._home, self._root = self._project.home, self._project.root
        self._variables = os.environ | {
            "RTKQ_HOME": self._home,
            "RTKQ_CONFIG": f"{self._project.top}/config.toml",
            "RTKQ_HOOK_DEADLINE_MS": "15000",
        }
        self._up = self._start()
        until(lambda: heartbeat.is_alive(self._home, "watch"))

    def remove(self) -> None:
        """Kill what runs and delete everything."""
        self._up.kill()
        self._up.wait()
        close_facts()
        self._project.remove()

    # -- steps -----------------------------------------------------------------------------

    def change(self, batch: list[Change]) -> None:
        """Change the project in several ways at once."""
        for change in batch:
            self._project.apply(change)

    def kill(self, number: int) -> None:
        """Kill one of the watcher, the pool, its scheduler and workers; ``up`` starts it again."""
        family = _descendants(self._up.pid)
        with suppress(IndexError, ProcessLookupError):  # there are fewer, or it ended by itself
            os.kill(family[number], signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill the whole tree, and start another one."""
        self._up.kill()
        self._up.wait()
        self._up = self._start()

    def look(self) -> None:
        """Ask all who answer: what they call fresh must be so, whenever they are asked."""
        self._ask_hook()
        memory = recall.open_memory(self._home, self._root)
        if memory is None:
            return
        for file in recall.context(memory, _TASK, budget_tokens=1000).files:
            rows = memory.rows("SELECT content FROM file WHERE path = ?", (file.path,))
            if file.state == "fresh" and rows:
                assert reading.content_of(self._root, file.path, {}) == rows[0][0], file.path
        memory.close()

    def sync(self) -> None:
        """Wait for the barrier: everything that was done before it is in."""
        done = self._rtkq("sync", self._root)

        assert (done.returncode, done.stderr) == (0, b"")
        assert self._rows() == self._rows_from_nothing()

    def settle(self) -> None:
        """Wait for the background alone: it forgets nothing, and ends with nothing owed."""
        expected = self._rows_from_nothing()
        until(lambda: self._rows() == expected and self._status()["backlog"] == 0)
        until(lambda: self._status()["state"] == "fresh")

        assert self._rows() == expected

    def stop(self) -> None:
        """End as a user does."""
        family = _descendants(self._up.pid)
        self._up.terminate()

        assert self._up.wait(_DEADLINE_S) == 0
        assert [line for pid in family if (line := _running(pid))] == []

    # -- what they ask ---------------------------------------------------------------------

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*_RTKQ, "up", "-q", "--no-serve", "--workers", "2", self._root],
            env=self._variables,
            stderr=subprocess.DEVNULL,
        )

    def _rtkq(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*_RTKQ, *words], env=self._variables, capture_output=True, timeout=_DEADLINE_S
        )

    def _status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self._rtkq("status", self._root, "--format", "json").stdout
        )[0]
        return found

    def _ask_hook(self) -> None:
        spawn = {
            "session_id": "a8edf89d",
            "prompt_id": "6bcd37c6",
            "cwd": self._root,
            "hook_event_name": "PreToolUse",
            "tool_name": "Agent",
            "tool_input": {"description": "look", "prompt": _TASK},
        }
        done = subprocess.run(
            [bundle.command(self._home), "claude-code"],
            input=json.dumps(spawn).encode(),
            env=self._variables,
            capture_output=True,
            timeout=_DEADLINE_S,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert not done.stdout or json.loads(done.stdout)["hookSpecificOutput"]

    def _rows(self) -> dict[str, list[Any]]:
        # What is owed again is no promise of a barrier: a file that was young is looked at twice.
        return canonical_rows(self._home, self._root) | {"debt": []}

    def _rows_from_nothing(self) -> dict[str, list[Any]]:
        other = f"{self._project.top}/other"
        shutil.rmtree(other, ignore_errors=True)
        store.register(other, self._root)
        rebuild(other, self._root)
        return canonical_rows(other, self._root)


_RTKQ = (sys.executable, "-m", "rtkq.cli")


def until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds; fail when it does not in time."""
    deadline = time.monotonic() + _DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _running(pid: int) -> str:
    """Return the state and command of a process; nothing for one that ended, zombies included."""
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True
    )
    return "" if listed.stdout.startswith("Z") else listed.stdout


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    )
    found = [int(word) for word in listed.stdout.split()]
    return found + [one for child in found for one in _descendants(child)]
