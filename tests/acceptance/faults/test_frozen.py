"""A worker that is stopped and continued neither holds others up nor undoes their work."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from rtkq import paths
from rtkq.store.lease import TAKEOVER_AFTER_S

from .conftest import DEADLINE_S, Machine, until


def stopped_at(machine: Machine, failpoint: str) -> subprocess.Popen[bytes]:
    """Return a worker that has stopped itself by SIGSTOP at *failpoint*."""
    worker = machine.start("worker", "--burst", failpoint=f"{failpoint}:stop")
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
    return worker


def test_worker_frozen_past_its_lease_is_overtaken_and_refused(machine: Machine) -> None:
    """Another one publishes; what the first still had in mind is not published any more."""
    machine.grow()
    machine.checkout.write("src/session.py", "def of_the_first():\n    return 1\n")
    machine.owe()
    frozen = stopped_at(machine, "rebuild.before_publish")
    assert machine.status()["state"] == "dirty"
    assert machine.rtkq("sync", machine.root, "--timeout", "0.1").returncode == 1

    long_ago = time.time() - 2 * TAKEOVER_AFTER_S
    os.utime(paths.lease_file(machine.home, machine.root), (long_ago, long_ago))
    machine.checkout.write("src/session.py", "def of_the_second():\n    return 2\n")
    assert machine.rtkq("sync", machine.root).returncode == 0
    assert machine.knows("of_the_second")
    before = machine.status()["generation"]

    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(DEADLINE_S) == 0
    assert machine.status()["generation"] == before
    machine.assert_as_from_nothing()


def test_worker_frozen_in_its_commit_is_told_and_waited_for(machine: Machine) -> None:
    """It holds the lock of the database: others say so and try again, readers read on."""
    machine.grow()
    machine.checkout.write("src/session.py", "def renewed_session():\n    return 1\n")
    machine.owe()
    frozen = stopped_at(machine, "rebuild.before_commit")
    long_ago = time.time() - 2 * TAKEOVER_AFTER_S
    os.utime(paths.lease_file(machine.home, machine.root), (long_ago, long_ago))

    refused = machine.rtkq("refresh", machine.root)
    assert refused.returncode == 1
    assert "stayed locked" in refused.stderr
    assert "src/session.py" in machine.hook()
    machine.start("worker", "--workers", "1")
    until(lambda: "stayed locked" in machine.status()["last_error"])
    assert "stayed locked" in machine.doctor()["rebuilds"]["detail"]

    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(DEADLINE_S) == 0
    until(lambda: machine.knows("renewed_session"))
    machine.assert_as_from_nothing()
    until(lambda: not machine.status()["last_error"])
