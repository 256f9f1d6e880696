"""A real Redis of the tests' own, on a unix socket; it is stopped, frozen and flushed by them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

_PATIENCE_S = 30.0
#: Nothing of it has to outlive a restart: nudges need not.
_OPTIONS = ("--port", "0", "--save", "", "--appendonly", "no")


def program() -> str | None:
    """Return the program of the server, where it is installed."""
    return shutil.which("redis-server")


class RedisServer:
    """A Redis in a temporary folder."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="rtkq-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def socket(self) -> str:
        """The unix socket it listens on."""
        return f"{self.folder}/redis.sock"

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self.socket}"

    @property
    def client(self) -> redis.Redis:
        """A connection of the test's own."""
        return redis.Redis(unix_socket_path=self.socket)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(program()), *_OPTIONS, "--unixsocket", self.socket, "--dir", self.folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE_S)
            self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let nobody be there for a while."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Let it take connections and answer nothing for a while."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        try:
            with self.client as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
