"""Services as units of systemd's user manager."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rtkq import config, paths
from rtkq.errors import ServiceError
from rtkq.service import runner
from rtkq.service.services import NICE, SERVICES, STOP_S, WEIGHT, Service, places, possible, program

_TARGET = "default.target"
_STATES = {
    "active": "running",
    "reloading": "running",
    "activating": "starting",
    "failed": "failed",
}
_UNIT = """\
[Unit]
Description={description}
# However often it failed: the next try may find what was missing.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={start}
{environment}\
Restart=always
RestartSec=2
# Up to a minute between tries; systemd before 254 ignores these two and stays at 2 s.
RestartSteps=6
RestartMaxDelaySec=60
# Only the parent is told, and drains its children.
KillMode=mixed
TimeoutStopSec={stop_s}
# One killed worker is replaced by its pool.
OOMPolicy=continue
MemoryHigh={memory_high_mb}M
MemoryMax={memory_max_mb}M
CPUWeight={weight}
IOWeight={weight}
IOSchedulingPriority=7
Nice={nice}
NoNewPrivileges=yes
UMask=0077
StandardOutput=journal
StandardError=journal
SyslogIdentifier=rtkq-{name}

[Install]
WantedBy={target}
"""
_SOCKET = """\
[Unit]
Description={description}

[Socket]
{streams}\
SocketMode=0600
DirectoryMode=0700

[Install]
WantedBy=sockets.target
"""


class Systemd:
    """The keeper of Linux users."""

    def __init__(self, run: runner.Run = runner.run) -> None:
        self._run = run

    def refusal(self) -> str:
        """Return why there is no user manager to talk to; empty when there is."""
        answer = self._run(["systemctl", "--user", "show-environment"])
        if not answer.code:
            return ""
        return f"systemd's user manager does not answer ({answer.text or answer.code})"

    def files(self, service: Service) -> dict[str, str]:
        """Return the units of a *service* for this installation."""
        start = " ".join(map(quoted, program()))
        texts = {_unit(service): unit(service, start, places())}
        if service.is_asked:
            settings = config.load()
            tcp = address(settings.serve.host, settings.serve.port)
            file = paths.serve_socket(settings.home).replace("%", "%%")
            texts[_socket(service)] = socket_unit(service, (tcp, file))
        return {os.path.join(_folder(), name): text for name, text in texts.items()}

    def start(self, changed: Sequence[Service]) -> None:
        """Enable and start all; restart those *changed*."""
        self._do("daemon-reload")
        # A socket cannot start anew beneath a service that holds it.
        if asked := [_unit(one) for one in changed if one.is_asked]:
            self._do("stop", *asked)
        self._do("enable", *map(_first, possible()))
        if changed:
            self._do("restart", *map(_first, changed))
        self._do("start", *map(_first, possible()))

    def stop(self) -> None:
        """Stop and disable all; a unit that is gone is no error."""
        self._run(["systemctl", "--user", "disable", "--now", *_all_units()])

    def forget(self) -> None:
        """Have the manager read its files again; what enabling left is removed without it too."""
        for wants in (f"{_TARGET}.wants", "sockets.target.wants"):
            for name in _all_units():
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(_folder(), wants, name))
        self._run(["systemctl", "--user", "daemon-reload"])
        self._run(["systemctl", "--user", "reset-failed", *_all_units()])

    def state(self, service: Service) -> str:
        """Return the state of a *service*."""
        state = self._active(_unit(service))
        if state == "stopped" and service.is_asked:
            return "listening" if self._active(_socket(service)) == "running" else "stopped"
        return state

    def _active(self, name: str) -> str:
        asked = ["systemctl", "--user", "show", "--property=ActiveState", "--value", name]
        return _STATES.get(self._run(asked).text, "stopped")

    def logs(self, lines: int) -> list[str]:
        """Return the last *lines* of the journal of all services."""
        units = [word for one in SERVICES for word in ("--user-unit", _unit(one))]
        count = ["--lines", str(lines)]
        answer = self._run(["journalctl", "--no-pager", "--output=short-iso", *count, *units])
        if answer.code:
            raise ServiceError(
                f"reading the journal failed: {answer.text}",
                "`systemctl status systemd-journald` tells whether it runs",
            )
        return answer.text.splitlines()

    def _do(self, *words: str) -> None:
        answer = self._run(["systemctl", "--user", *words])
        if answer.code:
            raise ServiceError(
                f"`systemctl --user {' '.join(words)}` failed: {answer.text}",
                "`rtkq service logs` may tell why",
            )


def unit(service: Service, start: str, variables: Mapping[str, str]) -> str:
    """Return the unit file of a *service*.

    Args:
        service: What is to run.
        start: How rtkq is started, as ExecStart= wants it.
        variables: The environment it needs.
    """
    environment = (f"Environment={quoted(f'{k}={v}')}\n" for k, v in variables.items())
    return _UNIT.format(
        name=service.name,
        description=service.description,
        start=f"{start} {service.name}",
        environment="".join(environment),
        stop_s=STOP_S,
        memory_high_mb=service.memory_high_mb,
        memory_max_mb=service.memory_max_mb,
        weight=WEIGHT,
        nice=NICE,
        target=_TARGET,
    )


def socket_unit(service: Service, streams: Sequence[str]) -> str:
    """Return the socket unit that starts a *service* when it is first asked.

    Args:
        service: What is to be started.
        streams: Addresses and files to listen on, as ListenStream= wants them.
    """
    listed = "".join(f"ListenStream={stream}\n" for stream in streams)
    return _SOCKET.format(description=service.description, streams=listed)


def address(host: str, port: int) -> str:
    """Return host and port as ListenStream= wants them; it looks up no names."""
    number = "127.0.0.1" if host == "localhost" else host
    return f"[{number}]:{port}" if ":" in number else f"{number}:{port}"


def quoted(word: str) -> str:
    """Return a *word* as unit files write it.

    A ``$`` stays: variables are not looked for in the path of a program nor in Environment=, and
    nothing else of ours holds one. Quotes and backslashes systemd refuses in such a path.

    Source:
        systemd.syntax(7) for quoting, systemd.unit(5) for specifiers.
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _unit(service: Service) -> str:
    return f"rtkq-{service.name}.service"


def _socket(service: Service) -> str:
    return f"rtkq-{service.name}.socket"


def _first(service: Service) -> str:
    """Return the unit that is started: the socket starts its service when it is needed."""
    return _socket(service) if service.is_asked else _unit(service)


def _all_units() -> list[str]:
    sockets = [_socket(one) for one in SERVICES if one.is_asked]
    return [*sockets, *map(_unit, SERVICES)]


def _folder() -> str:
    given = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(given, "systemd", "user")
