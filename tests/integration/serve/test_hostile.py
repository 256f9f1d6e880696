"""Whatever comes over the wire is refused or answered, takes no more than its share, and is gone.

After each of these the next client is served at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn

from rtkq.config import Settings
from rtkq.serve import connection, gate, run
from rtkq.serve.service import Service
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon
from tests.integration.serve.test_hook import spawn

_HEAD = b"POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_ROOT = b'"project_root": "/", "task"'


def say(daemon: Daemon, message: bytes, *, is_over: bool = True) -> bytes:
    """Send *message*, nothing more if it *is_over*, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as line:
        line.sendall(message)
        if is_over:
            line.shutdown(socket.SHUT_WR)
        pieces = []
        # Hanging up on what was sent in vain discards what is on its way.
        with contextlib.suppress(ConnectionResetError):
            pieces.extend(iter(lambda: line.recv(65536), b""))
        return b"".join(pieces)


def status(answer: bytes) -> int:
    """Return the status of the first answer; 0 where the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def is_served(daemon: Daemon) -> bool:
    """Return whether the next client is answered."""
    return daemon.ask("GET", "/v1/health").status == 200


def posted(body: bytes, *more: bytes) -> bytes:
    """Return a POST of *body* with *more* lines in its head."""
    lines = b"".join(line + b"\r\n" for line in more)
    return _HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


_HOSTS = [
    b"Host: evil.example",
    b"Host: localhost.",
    b"Host: localhost.evil.example:7700",
    b"Host: user@localhost",
    b"Host: localhost@evil.example",
    b"Host: localhost:7700:80",
    b"Host: localhost, evil.example",
    b"Host: [::1%25eth0]",
    b"Host: ::1",
    b"Host: [::2]",
    b"Host: 0.0.0.0",
    b"Host: 127.1",
    b"Host: 2130706433",
    b"Host: evil.example\r\nHost: localhost",
    b"Host: localhost\r\nHost: evil.example",
    b"X: y",
    b"Host: localhost\r\nOrigin: http://localhost.",
    b"Host: localhost\r\nOrigin: http://user@localhost",
    b"Host: localhost\r\nOrigin: file://",
    b"Host: localhost\r\nOrigin: http://localhost:7700",
    b"Host: localhost\r\nOrigin: http://localhost\r\nOrigin: https://evil.example",
]


def test_disguised_hosts_and_origins_are_refused(daemon: Daemon) -> None:
    """Only the very names of this machine pass, in any case and with any port."""
    for lines in _HOSTS:
        answer = say(daemon, b"GET /v1/status HTTP/1.1\r\n" + lines + b"\r\n\r\n")
        assert status(answer) in (400, 403), lines

    for host in (b"LOCALHOST", b"localhost:1", b"[::1]:7700", b"127.0.0.1"):
        answer = say(daemon, b"GET /v1/status HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert status(answer) == 200, host


_TARGETS = [
    b"GET http://evil.example/v1/status HTTP/1.1",
    b"GET http://localhost/v1/status HTTP/1.1",
    b"CONNECT localhost:7700 HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET /page/../../../etc/passwd HTTP/1.1",
    b"GET /page/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1",
    b"GET /page/%2e%2e/app.py HTTP/1.1",
    b"GET /page/page.css%00.js HTTP/1.1",
    b"GET //v1/status HTTP/1.1",
    b"GET //evil.example/v1/status HTTP/1.1",
    b"GET /v1//status HTTP/1.1",
    b"GET /v1/status/ HTTP/1.1",
    b"GET /v1/st\xc3\xa4tus HTTP/1.1",
    b"GET /v1/\xff HTTP/1.1",
    b"GET /v1/%ff%fe HTTP/1.1",
    b"GET /v1/nul\0 HTTP/1.1",
    b"GET /" + b"a" * 60_000 + b" HTTP/1.1",
    b"DELETE /v1/status HTTP/1.1",
    b"BREW /v1/status HTTP/1.1",
    b"GET /v1/status HTTP/9.9",
    b"PRI * HTTP/2.0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


def test_paths_that_lead_nowhere_are_refused(daemon: Daemon) -> None:
    """Out of the page's folder, to another host, with bytes that no path has."""
    for line in _TARGETS:
        answer = say(daemon, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")

        assert status(answer) in (0, 307, 400, 404, 405), line
        assert b"root:" not in answer
    assert is_served(daemon)


_FRAMES = [
    _HEAD + b"Content-Length: -1\r\n\r\n{}",
    _HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    _HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    _HEAD + "Content-Length: ²\r\n\r\n{}".encode("latin-1"),
    _HEAD + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\nnone\r\n",
    _HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    _HEAD + b"Content-Length: 1000\r\n\r\n{}",
    _HEAD + b"Bad Header: x\r\n\r\n",
    _HEAD + b"X: a\0b\r\n\r\n",
    _HEAD + b"\r\n",
]


def test_bodies_that_are_not_what_they_announce_are_refused(daemon: Daemon) -> None:
    """Lengths that lie, that contradict each other, or that no machine has room for."""
    for message in _FRAMES:
        assert status(say(daemon, message)) in (0, 400, 413, 415), message
    assert is_served(daemon)


_BODIES = {
    "utf-16": '{"project_root": "/", "task": "x"}'.encode("utf-16"),
    "no utf-8": b"{" + _ROOT + b': "\xff"}',
    "half a pair": b"{" + _ROOT + b': "\\ud800"}',
    "NaN": b"{" + _ROOT + b': "x", "budget": NaN}',
    "infinite": b"{" + _ROOT + b': "x", "budget": 1e999}',
    "huge": b"{" + _ROOT + b': "x", "budget": 1' + b"0" * 5000 + b"}",
    "deep": b"[" * 1_000_000,
    "deep within": b"{" + _ROOT + b': "x", "trace": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "unknown and deep": b"{" + _ROOT + b': "x", "y": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "twice": b'{"project_root": "/", "project_root": "/etc", "task": "x"}',
    "NUL": b'{"project_root": "/\\u0000", "task": "x"}',
    "long name": b'{"project_root": "/' + b"a/" * 100_000 + b'", "task": "x"}',
    "two": b'{"project_root": "/", "task": "x"}{}',
}


@pytest.mark.parametrize("name", _BODIES)
def test_bodies_that_only_look_like_json_are_refused(shared: Daemon, name: str) -> None:
    """Each with a reason, and none as a defect."""
    answer = shared.ask("POST", "/v1/plan", _BODIES[name])

    assert answer.status in (400, 404, 422)
    assert answer.json["error"]["message"]
    assert shared.ask("POST", "/v1/hook/claude-code", _BODIES[name]).json == {}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A daemon for all that leave nothing behind."""
    daemon = Daemon(str(tmp_path_factory.mktemp("home")))
    yield daemon
    daemon.process.kill()
    daemon.process.communicate()


def test_compressed_bodies_are_refused_unopened(daemon: Daemon) -> None:
    """A kilobyte that would become a hundred megabytes."""
    bomb = zlib.compress(b" " * 100_000_000)

    for encoding in (b"gzip", b"deflate", b"br"):
        assert status(say(daemon, posted(bomb, b"Content-Encoding: " + encoding))) == 415


def test_endless_heads_and_bodies_take_no_memory(daemon: Daemon) -> None:
    """One header of 200 MB, a million headers, a body and trailers without end."""
    before_kb = resident_kb(daemon)
    piece = b"a" * 1_000_000
    begun = {
        b"GET /v1/health HTTP/1.1\r\nX: ": piece,
        b"GET /v1/health HTTP/1.1\r\n": b"X: y\r\n" * 100_000,
        b"GET /": piece,
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n": b"f4240\r\n" + piece + b"\r\n",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n": b"X: y\r\n" * 100_000,
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ": piece,
    }
    for head, rest in begun.items():
        with pytest.raises(OSError, match=r"reset|pipe"):
            say_on_and_on(daemon, head, rest)

        assert is_served(daemon)
    assert most_resident_kb(daemon) < before_kb + 150_000


def say_on_and_on(daemon: Daemon, head: bytes, rest: bytes) -> None:
    """Send *rest* two hundred times.

    Raises:
        OSError: The daemon has hung up.
    """
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as line:
        line.sendall(head)
        for _ in range(200):
            line.sendall(rest)


def resident_kb(daemon: Daemon) -> int:
    """Return how much memory the daemon takes."""
    return _told(daemon, "VmRSS:")


def most_resident_kb(daemon: Daemon) -> int:
    """Return how much memory the daemon took at most."""
    return _told(daemon, "VmHWM:")


def _told(daemon: Daemon, name: str) -> int:
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def test_requests_sent_ahead_are_answered_in_order(daemon: Daemon) -> None:
    """Fifty at once, each with a body of its own."""
    asked = [
        b"POST /v1/hook/nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
    ] * 50
    last = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    answer = say(daemon, b"".join(asked) + last, is_over=False)

    assert answer.count(b"HTTP/1.1 200 OK") == 51
    assert answer.rindex(b'"status":"ok"') > answer.rindex(b"{}\n")


def test_who_has_asked_may_send_no_more(daemon: Daemon, project: Checkout) -> None:
    """As a shell does that hands stdin to a socket: it still waits for the answer."""
    body = json.dumps(spawn(project.root, "refresh the session")).encode()
    head = b"POST /v1/hook/claude-code HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"

    assert b"src/session.py" in say(daemon, head % len(body) + body)


def test_silent_connections_give_way(daemon: Daemon) -> None:
    """Beyond the most that are kept, whoever has been silent longest goes first."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < connection.MOST_CONNECTIONS + 200:
        pytest.skip("too few descriptors are allowed here")
    count = connection.MOST_CONNECTIONS + 50
    silent = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(count)]

    assert is_served(daemon)
    silent[0].settimeout(20)
    with pytest.raises(ConnectionError):
        raise ConnectionResetError if silent[0].recv(1) == b"" else AssertionError
    silent[-1].sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert silent[-1].recv(4096).startswith(b"HTTP/1.1 200")
    for one in silent:
        one.close()


@pytest.fixture
def impatient(home: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A server in this process that waits a tenth of a second for everything."""
    monkeypatch.setattr(connection, "HEAD_PATIENCE_S", 0.1)
    monkeypatch.setattr(connection, "_READ_PATIENCE_S", 0.1)
    monkeypatch.setattr(gate, "_PATIENCE_S", 0.1)

    def play(client: Callable[[tuple[str, int], uvicorn.Server], Awaitable[None]]) -> None:
        async def serve() -> None:
            listening = socket.create_server(("127.0.0.1", 0))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            server = run.server(Service(Settings(home=home)))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            await asyncio.wait_for(client(listening.getsockname(), server), 20)
            server.should_exit = True
            await serving

        asyncio.run(serve())

    return play


def test_second_request_may_not_be_slow_either(impatient: Callable[..., None]) -> None:
    """A connection that was served once has no more patience to expect."""

    async def client(address: tuple[str, int], server: uvicorn.Server) -> None:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(2):
            writer.write(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"}")
        writer.write(b"GET /v1/health HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            raise ConnectionResetError if await reader.read() == b"" else AssertionError
        writer.close()

    impatient(client)


def test_dripping_body_loses_its_turn(impatient: Callable[..., None]) -> None:
    """It is the whole that must come in time, not the next byte."""

    async def client(address: tuple[str, int], server: uvicorn.Server) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(_HEAD + b"Content-Length: 100000000\r\n\r\n".replace(b"000000", b""))
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b" ")
            await asyncio.wait([answer], timeout=0.02)
        assert (await answer).startswith(b"HTTP/1.1 408")
        writer.close()

    impatient(client)


def test_who_never_reads_is_left(impatient: Callable[..., None]) -> None:
    """Fifty answers asked for and none taken, or one before hanging up: neither stays."""

    async def client(address: tuple[str, int], server: uvicorn.Server) -> None:
        for lines, count in ((b"", 50), (b"Connection: close\r\n", 1)):
            line = socket.create_connection(address)
            asked = b"GET /page/page.js HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n"
            line.sendall(asked * count)
            while not server.server_state.total_requests:
                await asyncio.sleep(0)
            while server.server_state.connections:
                await asyncio.sleep(0)
            line.close()

    impatient(client)


def test_too_many_requests_ahead_are_refused(daemon: Daemon) -> None:
    """They would be kept in memory, however many."""
    asked = b"GET /page/page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5000

    assert say(daemon, asked, is_over=False).count(b"HTTP/1.1 200") < 200
    assert is_served(daemon)
