"""Only this machine's own programs are answered, and none of them can hold the daemon up."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable

import pytest

from rtkq.config import Settings
from rtkq.serve import connection, gate, run
from rtkq.serve.service import Service
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "10.0.0.7:7700"])
def test_foreign_hosts_are_refused(daemon: Daemon, host: str) -> None:
    """A name that a foreign site made to lead here is still its name."""
    assert daemon.ask("GET", "/v1/status", headers={"Host": host}).status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_foreign_origins_are_refused(daemon: Daemon, origin: str) -> None:
    """A page of another site, or of another port, is not ours."""
    assert daemon.ask("GET", "/v1/status", headers={"Origin": origin}).status == 403


def test_own_page_is_answered(daemon: Daemon) -> None:
    """Its origin is where it was loaded from."""
    headers = {"Origin": f"http://127.0.0.1:{daemon.port}"}

    assert daemon.ask("GET", "/v1/status", headers=headers).status == 200


def test_forms_are_refused(daemon: Daemon, project: Checkout) -> None:
    """A foreign page can send a form without asking the browser."""
    body = b'{"project_root": "/", "task": "x"}'

    answer = daemon.ask("POST", "/v1/plan", body, {"Content-Type": "text/plain"})

    assert answer.status == 415


def test_large_bodies_are_cut_off(daemon: Daemon) -> None:
    """Announced or not."""
    announced = daemon.ask("POST", "/v1/plan", b"", {"Content-Length": str(1 << 30)})

    assert announced.status == 413


def test_token_is_asked_for_over_tcp_alone(start: Callable[..., Daemon], project: Checkout) -> None:
    """Who can open the socket's file is the user already."""
    daemon = start(RTKQ_SERVE_TOKEN="s3cret")

    assert daemon.ask("GET", "/v1/status").status == 401
    assert daemon.ask("GET", "/v1/status", headers={"Authorization": "Bearer no"}).status == 401
    assert daemon.ask("GET", "/v1/status", headers={"Authorization": "Bearer s3cret"}).status == 200
    assert daemon.ask("GET", "/v1/status", over_unix=True).status == 200
    assert daemon.ask("GET", "/v1/health").status == 200


def test_socket_is_closed_to_others(daemon: Daemon) -> None:
    """Its file and the folder it lies in are the user's alone."""
    assert stat.S_IMODE(os.stat(daemon.socket_path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(daemon.socket_path)).st_mode) == 0o700


def test_network_is_not_served_without_a_token(home: str) -> None:
    """Refused before it listens."""
    command = [sys.executable, "-m", "rtkq.cli", "serve", "--host", "0.0.0.0", "--port", "0"]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 1
    assert "serve.token" in told.stderr


def test_slow_senders_lose_their_turn(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never ends its head, and one that never sends its body."""
    monkeypatch.setattr(gate, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(connection, "HEAD_PATIENCE_S", 0.1)
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()

    async def play() -> tuple[bytes, bytes]:
        server = run.server(Service(Settings(home=home)))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        head = await sent_slowly(address, b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n")
        body = await sent_slowly(
            address,
            b"POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\n\r\n{",
        )
        server.should_exit = True
        await serving
        return head, body

    head, body = asyncio.run(play())

    assert head == b""
    assert body.startswith(b"HTTP/1.1 408")


async def sent_slowly(address: tuple[str, int], begun: bytes) -> bytes:
    """Begin a request and return what the daemon says to that before it hangs up."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(begun)
    try:
        return await asyncio.wait_for(reader.read(), 10.0)
    finally:
        writer.close()


def test_many_idle_connections_do_not_keep_others_out(daemon: Daemon) -> None:
    """A hundred that say nothing, and one that asks."""
    idle = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(100)]

    assert daemon.ask("GET", "/v1/health").status == 200
    for one in idle:
        one.close()


def test_answers_are_sent_without_delay(home: str) -> None:
    """The kernel would keep a body back until its head is acknowledged, some 40 ms."""
    listening = socket.create_server(("127.0.0.1", 0))

    async def play() -> int:
        server = run.server(Service(Settings(home=home)))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"}")
        (one,) = server.server_state.connections
        accepted = one.transport.get_extra_info("socket")
        found: int = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        server.should_exit = True
        await serving
        return found

    assert asyncio.run(play()) == 1
