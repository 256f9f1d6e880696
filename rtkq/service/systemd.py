"""Services as units of systemd's user manager."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rtkq.errors import ServiceError
from rtkq.service import runner
from rtkq.service.services import NICE, SERVICES, STOP_S, WEIGHT, Service, places, program

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

    def file(self, service: Service) -> str:
        """Return where the unit of a *service* lies."""
        return os.path.join(_folder(), _unit(service))

    def text(self, service: Service) -> str:
        """Return the unit of a *service* for this installation."""
        return unit(service, " ".join(map(quoted, program())), places())

    def start(self, changed: Sequence[Service]) -> None:
        """Enable and start all; restart those *changed*."""
        self._do("daemon-reload")
        self._do("enable", *map(_unit, SERVICES))
        if changed:
            self._do("restart", *map(_unit, changed))
        self._do("start", *map(_unit, SERVICES))

    def stop(self) -> None:
        """Stop and disable all; a unit that is gone is no error."""
        self._run(["systemctl", "--user", "disable", "--now", *map(_unit, SERVICES)])

    def forget(self) -> None:
        """Have the manager read its files again; what enabling left is removed without it too."""
        for service in SERVICES:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(_folder(), f"{_TARGET}.wants", _unit(service)))
        self._run(["systemctl", "--user", "daemon-reload"])
        self._run(["systemctl", "--user", "reset-failed", *map(_unit, SERVICES)])

    def state(self, service: Service) -> str:
        """Return the state of a *service*."""
        asked = ["systemctl", "--user", "show", "--property=ActiveState", "--value"]
        return _STATES.get(self._run([*asked, _unit(service)]).text, "stopped")

    def logs(self, lines: int) -> list[str]:
        """Return the last *lines* of the journal of all services."""
        units = [word for one in SERVICES for word in ("--user-unit", _unit(one))]
        count = ["--lines", str(lines)]
        answer = self._run(["journalctl", "--no-pager", "--output=short-iso", *count, *units])
        if answer.code:
            raise ServiceError(f"reading the journal failed: {answer.text}", "is journald running?")
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


def _folder() -> str:
    given = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(given, "systemd", "user")
