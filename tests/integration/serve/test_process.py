"""The daemon's life: it drains, starts anew, takes sockets over, and leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from rtkq.errors import UsageError
from rtkq.serve import sockets
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon
from tests.integration.serve.test_hook import spawn


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_ends_when_told_and_takes_its_socket_along(daemon: Daemon, number: int, code: int) -> None:
    """With the exit code of the contract."""
    assert daemon.stop(number) == code
    assert not os.path.exists(daemon.socket_path)


def test_starting_anew_turns_nobody_away(daemon: Daemon) -> None:
    """Same process, same port; whoever asks meanwhile is answered by the old or the new one."""
    before = daemon.ask("GET", "/v1/health").json
    failures: list[Exception] = []
    is_over = threading.Event()

    def keep_asking() -> None:
        while not is_over.is_set():
            try:
                assert daemon.ask("GET", "/v1/health").status == 200
            except Exception as error:
                failures.append(error)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    daemon.process.send_signal(signal.SIGHUP)
    daemon._read_where()
    after = daemon.ask("GET", "/v1/health").json
    is_over.set()
    asking.join()

    assert failures == []
    assert after["pid"] == before["pid"]


def test_starting_anew_loses_no_hook_on_kept_connections(daemon: Daemon, project: Checkout) -> None:
    """Each client asks without pause over one connection, for as long as the daemon keeps it."""
    document = json.dumps(spawn(project.root, "refresh the session"))
    failures: list[object] = []
    answered = [0] * 4
    is_over = threading.Event()

    def keep_asking(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
        while not is_over.is_set():
            try:
                line.request("POST", "/v1/hook/claude-code", document)
                assert b"src/session.py" in line.getresponse().read()
                answered[number] += 1
            except Exception as error:
                failures.append(error)
                line.close()
        line.close()

    clients = [threading.Thread(target=keep_asking, args=(number,)) for number in range(4)]
    for client in clients:
        client.start()
    for _ in range(2):
        daemon.process.send_signal(signal.SIGHUP)
        daemon._read_where()
    before = list(answered)
    while any(now < then + 5 for now, then in zip(answered, before, strict=True)):
        assert not failures
    is_over.set()
    for client in clients:
        client.join()

    assert failures == []


def test_new_settings_are_in_force_after_starting_anew(
    daemon: Daemon, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The file of settings is read again."""
    with open(os.environ["RTKQ_CONFIG"], "w", encoding="utf-8") as file:
        file.write('[serve]\ntoken = "s3cret"\n')

    daemon.process.send_signal(signal.SIGHUP)
    daemon._read_where()

    assert daemon.ask("GET", "/v1/status").status == 401


def test_sockets_of_a_service_manager_are_taken_over(home: str) -> None:
    """By the protocol of systemd: LISTEN_FDS from descriptor 3 on."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    code = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "os.execv(sys.executable, [sys.executable, '-m', 'rtkq.cli', 'serve'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(listening.fileno())],
        pass_fds=[listening.fileno()],
        env={**os.environ, "LISTEN_FDS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr:
        told = process.stderr.readline()
        process.terminate()

    listening.close()
    assert f":{port}/" in told


def test_second_daemon_is_refused(daemon: Daemon, start: Callable[..., Daemon]) -> None:
    """The first one keeps its socket."""
    command = [sys.executable, "-m", "rtkq.cli", "serve", "--port", "0"]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 1
    assert "another rtkq serve listens" in told.stderr
    assert daemon.ask("GET", "/v1/health", over_unix=True).status == 200


def test_port_that_is_taken_is_told_without_saying_it_twice() -> None:
    """And how to have another, whichever command the daemon was started by."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError) as refused:
        sockets.tcp("127.0.0.1", port := taken.getsockname()[1], has_token=False)

    assert refused.value.message == (
        f"listening on 127.0.0.1 port {port} failed: Address already in use"
    )
    assert "[serve]" in refused.value.hint


def test_daemon_that_gives_up_again_and_again_is_started_less_often(
    home: str, tmp_path: Path
) -> None:
    """Whose port somebody else has is not asked for it every second, and the rest goes on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        configuration = tmp_path / "taken.toml"
        configuration.write_text(f"[serve]\nport = {taken.getsockname()[1]}\n")
        up = subprocess.Popen(
            [sys.executable, "-m", "rtkq.cli", "up"],
            env=os.environ | {"RTKQ_HOME": home, "RTKQ_CONFIG": str(configuration)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert up.stderr is not None
        with up:
            try:
                pauses = (line.partition("it starts again in ")[2] for line in up.stderr)
                told = [pause.strip() for pause in islice(filter(None, pauses), 2)]
            finally:
                up.terminate()

    assert told == ["1 s", "2 s"]
    assert up.returncode == 0


def test_socket_of_a_service_manager_outlives_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manager goes on listening on its file, for the next start."""
    own, handed = (sockets.unix(str(tmp_path / name)) for name in ("own", "handed"))

    sockets.close(own)
    monkeypatch.setenv("LISTEN_FDNAMES", "rtkq-serve.socket:rtkq-serve.socket")
    sockets.close(handed)

    assert [file.name for file in tmp_path.iterdir()] == ["handed"]
