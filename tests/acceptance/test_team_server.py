"""A team's server, rehearsed: database, worker, HTTP daemon, and Caddy with TLS before it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import Server

TEAM = Path(__file__).parents[2] / "deploy/team"
NAME = "rtkq.example.org"
_PATIENCE_S = 30.0
_TOO_LARGE_BYTES = 17 * 1024 * 1024

pytestmark = pytest.mark.skipif(
    not shutil.which("caddy") and not os.environ.get("CI"), reason="Caddy is not installed"
)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class TeamServer:
    """What deploy/team starts, as processes of this machine."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port = free_port()
        self._certificate()
        self.environment = os.environ | {
            "RTKQ_DATABASE_URL": database,
            "RTKQ_SERVE_NAMES": NAME,
            "RTKQ_SERVE_TOKEN": "the-owner's",
            "RTKQ_CONFIG": str(folder / "none.toml"),
            "XDG_DATA_HOME": str(folder / "caddy"),
            "HOME": str(folder),
        }
        port = free_port()
        self._rtkq("worker", "--server", "--workers", "1")
        self.serving = self._rtkq("serve", "--server", "--port", str(port))
        self._proxy(port)

    def rtkq(self, *words: str) -> str:
        """Return what a command prints on the server."""
        command = [sys.executable, "-m", "rtkq.cli", *words]
        environment = self.environment | {"RTKQ_HOME": str(self._folder / "serve")}
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def connect(self) -> http.client.HTTPSConnection:
        """Return a connection as a machine of the team makes it."""
        trusted = ssl.create_default_context(cafile=str(self._folder / "site.crt"))
        connection = http.client.HTTPSConnection(NAME, timeout=_PATIENCE_S, context=trusted)
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE_S)
        connection.sock = trusted.wrap_socket(plain, server_hostname=NAME)
        return connection

    def ask(self, path: str, token: str = "", body_bytes: int = 0) -> tuple[int, Any]:
        """Return status and document of an answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with closing(self.connect()) as connection:
            with suppress(OSError):  # whoever refuses a body need not read it to its end
                method = "POST" if body_bytes else "GET"
                connection.request(method, path, bytes(body_bytes) or None, headers)
            answer = connection.getresponse()
            told = answer.read()
        return answer.status, json.loads(told) if told.startswith(b"{") else told

    def stop(self) -> list[int]:
        """End everything as a service manager does, and return the exit codes."""
        for one in self._processes:
            one.terminate()
        return [one.wait(_PATIENCE_S) for one in self._processes]

    def _rtkq(self, *words: str) -> subprocess.Popen[bytes]:
        environment = self.environment | {"RTKQ_HOME": str(self._folder / words[0])}
        command = [sys.executable, "-m", "rtkq.cli", *words]
        return self._started(command, environment)

    def _started(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with open(self._folder / "log", "ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def _proxy(self, port: int) -> None:
        """Start Caddy with the file that is deployed, on ports that anybody may have."""
        environment = self.environment | {
            "NAME": f"https://{NAME}:{self._port}",
            "UPSTREAM": f"127.0.0.1:{port}",
            "TLS": f"tls {self._folder}/site.crt {self._folder}/site.key",
        }
        adapt = ["caddy", "adapt", "--config", str(TEAM / "Caddyfile")]
        adapted = subprocess.run(adapt, env=environment, check=True, capture_output=True).stdout
        settings = json.loads(adapted)
        settings["apps"]["http"]["http_port"] = free_port()
        (self._folder / "caddy.json").write_text(json.dumps(settings))
        command = ["caddy", "run", "--config", str(self._folder / "caddy.json")]
        self._started(command, environment)

    def _certificate(self) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        command += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        command += ["-keyout", f"{self._folder}/site.key", "-out", f"{self._folder}/site.crt"]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[TeamServer]:
    """A team's server, answering."""
    folder = tmp_path_factory.mktemp("team")
    made = TeamServer(folder, postgres.database())

    def is_well() -> bool:
        try:
            return made.ask("/v1/health")[0] == 200
        except OSError:
            return False

    until(is_well)
    yield made
    assert made.stop() == [0, 0, 0], (folder / "log").read_text()


def test_team_asks_over_tls_and_each_by_a_token(server: TeamServer) -> None:
    """From the first token to its removal, and through a restart of the daemon."""
    token = server.rtkq("token", "add", "anna", "--project", "github.com/acme/*").strip()

    assert server.ask("/v1/status")[0] == 401
    assert server.ask("/v1/status", token)[0] == 200
    assert server.ask("/v1/status", "the-owner's")[1]["team"]["url"].startswith("postgresql://")
    # The daemon refuses and closes; the proxy, still sending, tells of it in its own words.
    assert server.ask("/v1/plan", token, _TOO_LARGE_BYTES)[0] in (413, 502)

    server.serving.send_signal(signal.SIGHUP)
    until(lambda: server.ask("/v1/status", token)[0] == 200)

    server.rtkq("token", "remove", "anna")
    until(lambda: server.ask("/v1/status", token)[0] == 401)


def test_page_is_told_what_goes_on_as_it_goes_on(server: TeamServer) -> None:
    """The proxy holds nothing back."""
    with closing(server.connect()) as connection:
        headers = {"Authorization": "Bearer the-owner's"}
        connection.request("GET", "/v1/live", headers=headers)
        stream = connection.getresponse()

        until(lambda: stream.readline().startswith(b"data: {"))
