"""A real PostgreSQL of the tests' own, and a line to it that can be slow, silent or cut."""

from __future__ import annotations

import glob
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import psycopg

_PATIENCE_S = 30.0
#: Nothing of it has to outlive the tests.
_SETTINGS = {"fsync": "off", "listen_addresses": "", "max_connections": "40"}


def program(name: str) -> str | None:
    """Return a program of PostgreSQL: on PATH, or where Debian keeps those of each version."""
    return shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)


class Server:
    """A PostgreSQL on a unix socket in a temporary folder."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="rtkq-pg-")
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", self._data)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self.start()

    @property
    def _data(self) -> str:
        return f"{self.folder}/data"

    @property
    def socket(self) -> str:
        """The unix socket it listens on."""
        return f"{self.folder}/.s.PGSQL.5432"

    def url(self, database: str) -> str:
        """Return the address of a *database* here."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def database(self) -> str:
        """Return the address of a new, empty database."""
        self._databases += 1
        name = f"team{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def role(self, name: str) -> None:
        """Let there be a role that may log in, and nothing else."""
        with (
            suppress(psycopg.errors.DuplicateObject),
            psycopg.connect(self.url("postgres"), autocommit=True) as connection,
        ):
            connection.execute(f'CREATE ROLE "{name}" LOGIN')

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [word for one in _SETTINGS.items() for word in ("-c", "=".join(one))]
        command = [str(program("postgres")), "-D", self._data, "-k", self.folder, *options]
        with open(f"{self.folder}/log", "ab") as log:
            self._process = subprocess.Popen(command, user=self._user, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(3)
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

    def log(self) -> str:
        """Return what it wrote."""
        with open(f"{self.folder}/log", encoding="utf-8") as log:
            return log.read()

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres")).close()
            return True
        return False

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(program(name)), *arguments]
        subprocess.run(command, user=self._user, check=True, capture_output=True, cwd=self.folder)


class Listening(Protocol):
    """A server that listens on a unix socket."""

    @property
    def socket(self) -> str:
        """Where it listens."""


class Proxy:
    """A way to a server that a test makes slow, silent, or cuts."""

    def __init__(self, server: Listening, host: str = "127.0.0.1") -> None:
        self._target = server.socket
        self._listening = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        #: How long each piece waits, in seconds.
        self.delay_s = 0.0
        #: After so many bytes to the server the line is cut, once; None for never.
        self.cut_after: int | None = None
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port where it listens."""
        return "{}:{}".format(*self._listening.getsockname())

    def url(self, url: str) -> str:
        """Return the *url* of a database by way of this proxy."""
        name = url.partition("@/")[2].partition("?")[0]
        return f"postgresql://postgres:secret@{self.address}/{name}?sslmode=disable"

    def close(self) -> None:
        """Accept nobody any more, and cut what is open."""
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Cut all connections."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        self._open += [client, server]
        with client, server, selectors.DefaultSelector() as selector, suppress(OSError):
            server.connect(self._target)
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    source, target = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    data = source.recv(1 << 16)
                    if not data or self._is_cut_by(data, target is server):
                        return
                    time.sleep(self.delay_s)
                    target.sendall(data)

    def _is_cut_by(self, data: bytes, is_request: bool) -> bool:
        if self.cut_after is None or not is_request:
            return False
        self.cut_after -= len(data)
        if self.cut_after > 0:
            return False
        self.cut_after = None
        return True
