"""A running ``rtkq up``, and what its processes cost: read from /proc, so on Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import measure

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_DEADLINE_S = 3600.0


@contextmanager
def up(home: Path, roots: Sequence[Path]) -> Iterator[int]:
    """Run ``rtkq up`` on *roots* during the block; yields its process id."""
    command = [sys.executable, "-m", "rtkq.cli", "up", "--quiet", *map(str, roots)]
    process = subprocess.Popen(command, env=measure.environment(home))
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_until(is_so: Callable[[], bool], what: str, deadline_s: float = _DEADLINE_S) -> None:
    """Return when *is_so* holds.

    Raises:
        TimeoutError: It did not until the deadline.
    """
    deadline = time.monotonic() + deadline_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def members(root_pid: int) -> dict[int, str]:
    """Return the processes below *root_pid* and itself: process id → command line."""
    parents = {pid: stat[1] for pid in _pids() if (stat := _stat(pid))}
    found: dict[int, str] = {}
    waiting = [str(root_pid)]
    while waiting:
        pid = waiting.pop()
        found[int(pid)] = _command(pid)
        waiting += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_s(root_pid: int) -> dict[str, float]:
    """Return the processor time each command of the tree took so far, in seconds.

    What children that have ended took counts for the process that waited for them.
    """
    seconds: dict[str, float] = {}
    for pid, command in members(root_pid).items():
        stat = _stat(str(pid))
        ticks = sum(map(int, stat[11:15])) if stat else 0
        seconds[command] = seconds.get(command, 0.0) + ticks / _TICKS_A_SECOND
    return seconds


def pss_mb(root_pid: int) -> dict[str, float]:
    """Return the proportional share of memory that each command of the tree holds, in MB."""
    sizes: dict[str, float] = {}
    for pid, command in members(root_pid).items():
        size = _pss_mb(pid)
        if size:
            sizes[command] = sizes.get(command, 0.0) + size
    return sizes


def _pss_mb(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0  # it ended meanwhile
    return sum(
        int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:")
    )


def _pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: str) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _command(pid: str) -> str:
    """Return the command of rtkq that a process runs, else the name of its program."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    if "rtkq.cli" in words:
        return words[words.index("rtkq.cli") + 1]
    return os.path.basename(words[0])
