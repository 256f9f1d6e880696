"""What the files of services say, for systemd and for launchd."""

from __future__ import annotations

import plistlib
from configparser import RawConfigParser

import pytest

from rtkq.service import launchd, services, systemd
from rtkq.service.services import SERVICES

WATCH, WORKER, SERVE = SERVICES


def parsed(text: str) -> dict[str, str]:
    """Return the keys of the [Service] section."""
    parser = RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return dict(parser["Service"])


def test_each_service_is_a_command_of_rtkq() -> None:
    """A unit that starts a command which does not exist would fail for ever."""
    from rtkq import cli

    assert {one.name for one in SERVICES} <= set(cli._COMMANDS)


def test_unit_restarts_what_dies_and_bounds_what_it_takes() -> None:
    """A watcher that leaks or hangs must not take the machine along."""
    told = parsed(systemd.unit(WORKER, "/opt/rtkq", {}))

    assert told["ExecStart"] == "/opt/rtkq worker"
    assert told["Restart"] == "always"
    assert told["MemoryHigh"] == f"{WORKER.memory_high_mb}M"
    assert told["MemoryMax"] == f"{WORKER.memory_max_mb}M"
    assert int(told["CPUWeight"]) < 100


def test_unit_hands_on_where_things_lie() -> None:
    """The user manager has not the variables of the user's shell."""
    text = systemd.unit(WATCH, "/opt/rtkq", {"RTKQ_HOME": "/data/my rtkq"})

    assert '\nEnvironment="RTKQ_HOME=/data/my rtkq"\n' in text


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        ("/usr/bin/rtkq", '"/usr/bin/rtkq"'),
        ("/my tools/rtkq", '"/my tools/rtkq"'),
        ('/a"b\\c', '"/a\\"b\\\\c"'),
        ("/100%/$HOME", '"/100%%/$HOME"'),
    ],
)
def test_words_of_a_command_reach_the_program_as_they_are(word: str, spelled: str) -> None:
    """Blanks, quotes and specifiers mean something to systemd."""
    assert systemd.quoted(word) == spelled


def test_places_are_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service starts in another folder than its user's shell."""
    monkeypatch.setenv("RTKQ_HOME", "relative/home")
    monkeypatch.delenv("RTKQ_CONFIG", raising=False)

    found = services.places()

    assert found["RTKQ_HOME"].startswith("/")
    assert "RTKQ_CONFIG" not in found


@pytest.mark.parametrize(
    ("host", "spelled"),
    [("127.0.0.1", "127.0.0.1:7700"), ("localhost", "127.0.0.1:7700"), ("::1", "[::1]:7700")],
)
def test_address_is_one_systemd_can_listen_on(host: str, spelled: str) -> None:
    """It takes numbers alone."""
    assert systemd.address(host, 7700) == spelled


def test_socket_is_for_its_user_alone() -> None:
    """Whoever may open it may ask for every project."""
    text = systemd.socket_unit(SERVE, ("127.0.0.1:7700", "/home/run/serve.sock"))

    assert "ListenStream=127.0.0.1:7700\nListenStream=/home/run/serve.sock\n" in text
    assert "SocketMode=0600" in text


def test_agent_of_launchd_is_kept_alive_in_the_background() -> None:
    """The same promises as the unit's, as far as launchd can make them."""
    text = launchd.agent(WATCH, ["/opt/rtkq"], {"RTKQ_HOME": "/h"}, "/log")
    told = plistlib.loads(text.encode())

    assert told["ProgramArguments"] == ["/opt/rtkq", "watch"]
    assert told["EnvironmentVariables"] == {"RTKQ_HOME": "/h"}
    assert told["KeepAlive"] is True
    assert told["RunAtLoad"] is True
    assert told["ProcessType"] == "Background"
