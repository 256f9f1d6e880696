"""Hosts in networks of their own: each behind a cable that a test unplugs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


def can_be_made() -> bool:
    """Return whether this process may make networks; it needs root, and ip of iproute2."""
    try:
        with cable(0):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


class Cable:
    """A line between this machine and a network namespace."""

    def __init__(self, number: int) -> None:
        self.name = f"rtkq{os.getpid() % 100_000}-{number}"
        self._end = f"{self.name}e"
        # Of a range that is meant for such tests.
        self.here, self._there = (f"198.18.{number}.{host}" for host in (1, 2))

    @property
    def inside(self) -> tuple[str, ...]:
        """The command that runs another one at the far end."""
        return ("ip", "netns", "exec", self.name)

    def lay(self) -> None:
        """Make the namespace and the line to it."""
        _ip("netns", "add", self.name)
        _ip("link", "add", self.name, "type", "veth", "peer", self._end, "netns", self.name)
        _ip("address", "add", f"{self.here}/24", "dev", self.name)
        _ip("-n", self.name, "address", "add", f"{self._there}/24", "dev", self._end)
        _ip("-n", self.name, "link", "set", self._end, "up")
        self.plug()

    def plug(self) -> None:
        """Let packets through."""
        _ip("link", "set", self.name, "up")

    def unplug(self) -> None:
        """Let nothing through; neither side is told."""
        _ip("link", "set", self.name, "down")

    def remove(self) -> None:
        """Remove the namespace, and the line with it."""
        subprocess.run(["ip", "link", "delete", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)


@contextmanager
def cable(number: int) -> Iterator[Cable]:
    """Lay a line for as long as the block runs."""
    made = Cable(number)
    try:
        made.lay()
        yield made
    finally:
        made.remove()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
