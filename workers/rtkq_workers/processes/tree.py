"""Running several commands as one process tree: restarted when they die, stopped together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from rtkq_workers.processes.orphans import die_with

_log = logging.getLogger(__name__)

_POLL_S = 0.1
#: A command that died is started again after this long.
_RESTART_S = 1.0
#: One that gives up again and again waits twice as long each time, but no longer than this.
_LONGEST_RESTART_S = 30.0
#: A command that ran for so long is not giving up again and again.
_STEADY_S = 60.0
#: Longer than a worker needs to drain.
_STOP_S = 15.0


class _Child:
    """One command of the tree and when it may start again."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0
        self._started_at = 0.0
        self._times_given_up = 0

    def keep_running(self, now: float) -> None:
        if self.process is not None and (code := self.process.poll()) is not None:
            wait_s = self._restart_after(code, now - self._started_at)
            _log.warning(
                "rtkq %s ended with %d; it starts again in %.0f s", self.words[0], code, wait_s
            )
            self.process = None
            self.start_at = now + wait_s
        if self.process is None and now >= self.start_at:
            self.process = _start(self.words)
            self._started_at = now

    def _restart_after(self, code: int, ran_s: float) -> float:
        # Who was killed by a signal did not give up.
        if code < 0 or ran_s > _STEADY_S:
            self._times_given_up = 0
            return _RESTART_S
        self._times_given_up += 1
        return min(_RESTART_S * 2.0 ** (self._times_given_up - 1), _LONGEST_RESTART_S)


def run(commands: Sequence[Sequence[str]]) -> int:
    """Run the *commands* of rtkq until SIGTERM or SIGINT; return the exit code.

    SIGTERM is passed on, so each command drains; what has not ended after 15 s is killed.
    """
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    children = [_Child(words) for words in commands]
    while not stopping:
        for child in children:
            child.keep_running(time.monotonic())
        time.sleep(_POLL_S)
    _stop_all([child.process for child in children if child.process is not None])
    return 130 if stopping[0] == signal.SIGINT else 0


def _start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    return subprocess.Popen(
        [sys.executable, "-m", "rtkq.cli", *words],
        stdin=subprocess.DEVNULL,
        # A session of its own keeps Ctrl-C from reaching it twice.
        start_new_session=True,
        preexec_fn=lambda: die_with(parent) if sys.platform == "linux" else None,
    )


def _stop_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _STOP_S
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
