"""Whatever the watcher did not see is found all the same: it was dead, deaf, limited or flooded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtkq import paths

from .conftest import Machine, age, until

HOUR_S = 3600
#: More than the kernel queues for one watcher before it drops events.
FLOOD = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) + 2_000
#: Files of a build whose folder nobody ignores. By hand: 100,000.
STORM = int(os.environ.get("RTKQ_TEST_STORM", "3000"))

#: A watcher on a machine where the kind of file system that holds the project is a remote one.
DEAF = """
import sys
from rtkq_workers.checkout import mounts
mounts._REMOTE = frozenset(mounts._device_and_kind(line)[1] for line in open(mounts._TABLE))
from rtkq import cli
cli.main(sys.argv[1:])
"""


def edit(machine: Machine) -> None:
    """Change, add and delete a file."""
    machine.checkout.write("src/session.py", "def renewed_session():\n    return 'session'\n")
    machine.checkout.write("src/fresh.rs", "pub fn brand_new() {}\n")
    Path(machine.root, "src/cache.py").unlink()


def with_limit(name: str, value: int) -> list[str]:
    """Return what to put before a command to run it under a lower limit of the kernel."""
    lower = f'echo {value} > /proc/sys/user/{name} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", lower, "sh"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    return command


def test_watcher_dead_for_an_hour_catches_up(machine: Machine) -> None:
    """Meanwhile nothing is called fresh; what happened is found at the next start."""
    up = machine.up()
    up.kill()
    up.wait()
    age(machine, HOUR_S)
    edit(machine)
    for path in ("src/session.py", "src/fresh.rs"):
        os.utime(f"{machine.root}/{path}", (time.time() - HOUR_S / 2,) * 2)

    until(lambda: "died without a word" in machine.doctor()["watcher"]["detail"])
    status, found = machine.status(), machine.doctor()
    assert status["state"] == "stale"
    assert not status["processes"]["watch"]["is_alive"]
    assert "stale" in found["memory"]["detail"]
    assert "stale" in machine.hook()

    machine.up()
    until(lambda: machine.knows("renewed_session"))
    machine.assert_as_from_nothing()


def test_overflow_of_the_kernels_queue_is_made_good(machine: Machine) -> None:
    """A watcher that is stopped while more happens than the kernel keeps for it."""
    machine.up()
    watcher = machine.beat("watch")["pid"]
    os.kill(watcher, signal.SIGSTOP)
    for number in range(FLOOD):  # of two in turn: the kernel merges events that repeat
        os.utime(f"{machine.root}/{('README.md', 'src/cache.py')[number % 2]}")
    edit(machine)

    age(machine, HOUR_S)
    assert f"kill -CONT {watcher}" in machine.doctor()["watcher"]["hint"]
    os.kill(watcher, signal.SIGCONT)
    until(lambda: machine.knows("renewed_session"))
    machine.assert_as_from_nothing()
    until(lambda: machine.doctor()["watcher"]["result"] == "ok")  # it beats every other second


@pytest.mark.parametrize(
    ("limit", "value", "named"),
    [
        ("max_inotify_watches", 2, "fs.inotify.max_user_watches"),
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
    ],
)
def test_limit_of_the_kernel_makes_the_watcher_poll(
    machine: Machine, limit: str, value: int, named: str
) -> None:
    """It says which limit, in status and doctor, and changes are found late but found."""
    before = with_limit(limit, value)
    machine.start("worker", "--workers", "1")
    machine.start("watch", before=before)
    until(machine.is_watched)

    beat, told = machine.status()["processes"]["watch"], machine.doctor()["watcher"]
    assert (beat["limits"], beat["polled"]) == ([named], [machine.root])
    assert f"{machine.root} is polled: {named}" in told["detail"]
    edit(machine)
    until(lambda: machine.knows("renewed_session"))
    machine.assert_as_from_nothing()


def test_folder_from_which_no_events_come_is_polled(machine: Machine) -> None:
    """Others write there, and this kernel does not notice."""
    machine.start("worker", "--workers", "1")
    machine.run([sys.executable, "-c", DEAF, "watch"])
    until(machine.is_watched)

    edit(machine)
    until(lambda: machine.knows("renewed_session"))
    machine.assert_as_from_nothing()
    assert "a network file system" in machine.doctor()["watcher"]["detail"]


def test_second_watcher_started_by_mistake_is_refused(machine: Machine) -> None:
    """It names the first; a whole second tree does no harm either, and is told."""
    machine.up()
    second = machine.rtkq("watch")
    assert second.returncode == 1
    assert f"process {machine.beat('watch')['pid']} is watching already" in second.stderr

    machine.start("up", "--workers", "1", "--no-serve")
    for turn in range(3):
        machine.checkout.write("src/session.py", f"def renewed_{turn}():\n    return {turn}\n")
        until(lambda word=f"renewed_{turn}": machine.knows(word))
    machine.assert_as_from_nothing()
    assert machine.doctor()["one-watcher"]["result"] == "ok"


def test_build_into_a_folder_that_nobody_ignores_is_followed(machine: Machine) -> None:
    """Thousands of files appear and go again; a save in between is not forgotten."""
    machine.up()
    folder = Path(machine.root, "out")
    for number in range(STORM):
        place = folder / f"{number // 500}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"unit{number}.o").write_bytes(b"\x7fELF")
    edit(machine)

    until(lambda: machine.knows("renewed_session") and machine.status()["files"] > STORM)
    assert machine.doctor()["memory"]["result"] == "ok"
    subprocess.run(["rm", "-r", str(folder)], check=True)
    until(lambda: machine.status()["files"] < 10 and machine.state() == "fresh")
    machine.assert_as_from_nothing()
    assert os.path.getsize(paths.queue_file(machine.home)) < 1_000_000
