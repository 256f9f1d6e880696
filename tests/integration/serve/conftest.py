"""A real daemon on a port of its own, and how it is asked."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rtkq import store
from rtkq_workers.rebuild import rebuild
from tests.conftest import Checkout

_TIMEOUT_S = 20.0


class Answer:
    """What the daemon answered."""

    def __init__(self, response: http.client.HTTPResponse, *, is_event: bool = False) -> None:
        self.status = response.status
        self.headers = response.headers
        # A stream of events has no end.
        self.body = response.readline() if is_event else response.read()

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.body)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


class Daemon:
    """A running `rtkq serve`."""

    def __init__(self, home: str, *words: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rtkq.cli", "serve", "--port", "0", *words],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "RTKQ_HOME": home, **environment},
        )
        self.port = 0
        self.socket_path = ""
        self._read_where()

    def _read_where(self) -> None:
        assert self.process.stderr is not None
        told = [self.process.stderr.readline() for _ in range(2)]
        match = re.search(r":(\d+)/", told[0])
        assert match, [*told, self.process.stderr.read()]
        self.port = int(match[1])
        self.socket_path = told[1].removeprefix("rtkq: serving on ").strip()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        over_unix: bool = False,
        is_event: bool = False,
    ) -> Answer:
        """Send one request; a *body* that is no bytes goes as JSON."""
        connection = (
            _UnixConnection(self.socket_path)
            if over_unix
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        )
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        told = {"Content-Type": "application/json"} if sent is not None else {}
        with contextlib.closing(connection):
            connection.request(method, path, sent, told | (headers or {}))
            return Answer(connection.getresponse(), is_event=is_event)

    @contextlib.contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        """Open an answer that comes as it goes on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            yield connection.getresponse()

    def post(self, path: str, **body: Any) -> Answer:
        """Post a document to a path."""
        return self.ask("POST", path, body)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell the daemon to end and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_TIMEOUT_S)


@pytest.fixture
def start(home: str) -> Iterator[Callable[..., Daemon]]:
    """Start daemons; what still runs at the end is killed."""
    started: list[Daemon] = []

    def run(*words: str, **environment: str) -> Daemon:
        started.append(Daemon(home, *words, **environment))
        return started[-1]

    yield run
    for daemon in started:
        daemon.process.kill()
        daemon.process.wait()
        assert daemon.process.stderr is not None
        daemon.process.stderr.close()


@pytest.fixture
def daemon(start: Callable[..., Daemon]) -> Daemon:
    """A running daemon."""
    return start()


@pytest.fixture
def project(home: str, checkout: Checkout) -> Checkout:
    """A registered checkout with a fresh memory."""
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    store.touch_verified(home, checkout.root)
    return checkout
