"""A disk that is full or read-only stops the writing, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Checkout, canonical_rows

from .conftest import Agent, Machine, until

SIZE = 48 * 1024 * 1024
#: What is left on the disk: too little for a memory, in bytes.
LEFT = 128 * 1024


class Disk:
    """A small disk in memory that holds the home, in a mount namespace of its own.

    A process keeps the namespace; the disk is gone with it, however the test ends.
    """

    def __init__(self, home: str) -> None:
        os.makedirs(home)
        mine = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        script = f'mount -t tmpfs -o size={SIZE},mode=700 rtkq "$0" && echo mounted && exec cat'
        self._keeper = subprocess.Popen(
            ["unshare", *mine, "--mount", "--kill-child", "sh", "-c", script, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._keeper.stdout is not None
        self.is_mounted = self._keeper.stdout.readline() == b"mounted\n"
        pid = self._keeper.pid
        as_user = ["--user", "--preserve-credentials"] if mine else []
        self.within = ["nsenter", "--target", str(pid), *as_user, "--mount"]
        self.home = home
        self.seen_home = f"/proc/{pid}/root{home}"

    def fill(self) -> None:
        """Leave too little room for anything to be published."""
        room = os.statvfs(self.seen_home)
        Path(self.seen_home, "ballast").write_bytes(b"\0" * (room.f_bavail * room.f_frsize - LEFT))

    def make_room(self) -> None:
        """Give the room back."""
        Path(self.seen_home, "ballast").unlink()

    def remount(self, how: str) -> None:
        """Mount the disk again, ``ro`` or ``rw``."""
        command = [*self.within, "mount", "-o", f"remount,{how}", self.home]
        subprocess.run(command, check=True)

    def end(self) -> None:
        """Let the disk go."""
        self._keeper.communicate()


@pytest.fixture
def disk(home: str) -> Iterator[Disk]:
    """A small disk that holds the home."""
    made = Disk(home)
    try:
        if not made.is_mounted:
            pytest.skip("mount namespaces are not allowed here")
        yield made
    finally:
        made.end()


class CrampedMachine(Machine):
    """A machine whose home can only be read by commands that run beside it."""

    def __init__(self, disk: Disk, checkout: Checkout) -> None:
        super().__init__(disk.home, checkout, within=disk.within, seen_home=disk.seen_home)

    def state(self) -> str:
        """Return the state of the memory, as `rtkq status` tells it."""
        return str(self.status()["state"])

    def until_known(self, word: str) -> None:
        """Wait until a plan is made from a fresh memory and names *word*."""
        fresh = 'state="fresh"'

        def told() -> str:
            return self.rtkq("plan", word, self.root).stdout

        until(lambda: fresh in (text := told()) and word in text)

    def rows(self) -> dict[str, list[Any]]:
        """Return the canonical rows of a copy: SQLite would look for the file in this namespace."""
        copy = f"{self.root}-copy"
        shutil.copytree(f"{self.seen_home}/checkouts", f"{copy}/checkouts", symlinks=True)
        return canonical_rows(copy, self.root)


@pytest.fixture
def machine(disk: Disk, checkout: Checkout) -> Iterator[CrampedMachine]:
    """A machine whose home lies on the small disk; an agent works all the while."""
    made = CrampedMachine(disk, checkout)
    assert made.rtkq("refresh", "--quiet", made.root).returncode == 0
    agent = Agent(made)
    agent.begin()
    yield made
    made.end()
    agent.end()


def test_full_disk_is_told_and_made_good_when_there_is_room(
    machine: CrampedMachine, disk: Disk
) -> None:
    """Watcher and workers live on; what was published before is served."""
    machine.up()
    disk.fill()
    for number in range(40):
        words = "".join(f"def word_{number}_{one}(): ...\n" for one in range(200))
        machine.checkout.write(f"lib/much{number}.py", words)
    machine.checkout.write("src/late.py", "def known_late():\n    return 1\n")

    until(lambda: "no room" in machine.rtkq("status", machine.root, "--format", "json").stdout)
    assert machine.doctor()["disk"]["result"] == "fail"
    assert "src/session.py" in machine.hook()

    disk.make_room()
    machine.until_known("known_late")
    machine.assert_as_from_nothing()
    assert machine.doctor()["rebuilds"]["result"] == "ok"


def test_read_only_disk_is_told_and_made_good_when_it_may_be_written(
    machine: CrampedMachine, disk: Disk
) -> None:
    """Commands name the folder; the hook serves what lies there, and leaves no receipt."""
    disk.remount("ro")
    machine.checkout.write("src/late.py", "def known_late():\n    return 1\n")

    for command in ("refresh", "sync", "watch", "worker"):
        words = [command] if command == "worker" else [command, machine.root]
        done = machine.rtkq(*words)
        assert done.returncode == 1
        assert "RTKQ_HOME" in done.stderr
    assert "fail" in {one["result"] for one in machine.doctor().values()}
    assert "src/session.py" in machine.hook()

    disk.remount("rw")
    machine.up()
    machine.until_known("known_late")
    machine.assert_as_from_nothing()
