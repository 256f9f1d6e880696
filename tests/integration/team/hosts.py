"""Hosts of a team: each a home and server workers of its own, real processes all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rtkq import paths
from rtkq.team.central.projects import LEASE_S
from tests.conftest import canonical_rows

_PATIENCE_S = 60.0
#: Sweeps that a test can wait for, and leases as long as it wants to.
_HASTY = """\
import os
from rtkq.team.central import projects as central_projects
from rtkq_workers import run
central_projects.LEASE_S = float(os.environ["LEASE_S"])
run._CENTRAL_SWEEP_S = 1
from rtkq.cli import main
main()
"""


def until(is_so: Callable[[], bool], told: Callable[[], str] = str) -> None:
    """Wait until something is so; what is *told* explains why it never was."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)


def memory_of(home: str, remote: str) -> dict[str, Any]:
    """Return what the memory of the mirror of a *remote* holds, wherever it lies."""
    return without_place(canonical_rows(home, f"{paths.mirror(home, remote)}/0/tree"))


def without_place(rows: dict[str, Any]) -> dict[str, Any]:
    """Return the *rows* of a memory without where its files lie."""
    ((_, *described),) = rows["meta"]
    return rows | {"meta": described}


class Host:
    """One machine of the team, as far as processes can tell."""

    def __init__(
        self,
        folder: Path,
        *,
        inside: tuple[str, ...] = (),
        lease_s: float = LEASE_S,
        **environment: str,
    ) -> None:
        """Set up a machine without anything on it.

        Args:
            folder: Where its home and its logs lie.
            inside: Command that runs another one there.
            lease_s: For how long its workers take leases, in seconds.
            environment: What differs from the environment of the test.
        """
        folder.mkdir()
        self.home = str(folder / "home")
        self._log = folder / "log"
        self._inside = inside
        own = {"RTKQ_HOME": self.home, "LEASE_S": str(lease_s)}
        self._environment = os.environ | own | environment
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, failpoint: str = "") -> subprocess.Popen[bytes]:
        """Start server workers with the further *words*, in haste."""
        command = [*self._inside, sys.executable, "-c", _HASTY, "worker", "--server", *words]
        with self._log.open("ab") as log:
            environment = self._environment | {"RTKQ_FAILPOINT": failpoint}
            process = subprocess.Popen(command, env=environment, stderr=log)
        self._processes.append(process)
        return process

    def burst(self, failpoint: str = "") -> int:
        """Run a server worker until nothing is owed; return its exit code."""
        return self.start("--burst", failpoint=failpoint).wait(_PATIENCE_S)

    def frozen_at(self, failpoint: str) -> subprocess.Popen[bytes]:
        """Return a server worker that has stopped itself."""
        process = self.start("--burst", failpoint=f"{failpoint}:stop")
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        return process

    def log(self) -> str:
        """Return what its workers wrote."""
        return self._log.read_text()

    def end(self) -> None:
        """Let nothing of it live on."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(_PATIENCE_S)
