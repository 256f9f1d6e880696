"""Services as agents of macOS's launchd.

Written from Apple's documents and tested with recorded answers; not run on a Mac yet.
"""

from __future__ import annotations

import os
import plistlib
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rtkq.errors import ServiceError
from rtkq.service import runner
from rtkq.service.services import NICE, SERVICES, STOP_S, Service, places, possible, program
from rtkq_workers.processes.logs import FOLDER, OLD

#: launchd starts nothing more often than this, in seconds.
_THROTTLE_S = 10


class Launchd:
    """The keeper of macOS users."""

    def __init__(self, run: runner.Run = runner.run) -> None:
        self._run = run
        self._domain = f"gui/{os.getuid()}"

    def refusal(self) -> str:
        """Return why there is no session to start agents in; empty when there is."""
        answer = self._run(["launchctl", "print", self._domain])
        return f"launchd knows no session {self._domain}" if answer.code else ""

    def files(self, service: Service) -> dict[str, str]:
        """Return the property list of a *service* for this installation."""
        text = agent(service, program(), places(), _log(service))
        return {_file(service): text}

    def start(self, changed: Sequence[Service]) -> None:
        """Load all; those *changed* are unloaded first, or launchd keeps what it has read."""
        for service in possible():
            os.makedirs(os.path.dirname(_log(service)), exist_ok=True)
            if service in changed:
                self._run(["launchctl", "bootout", self._target(service)])
            if not self._is_loaded(service):
                self._load(service)

    def stop(self) -> None:
        """Unload all; one that is not loaded is no error."""
        for service in SERVICES:
            self._run(["launchctl", "bootout", self._target(service)])

    def forget(self) -> None:
        """Remove the logs, which nobody else does."""
        for file in (log + end for log in map(_log, SERVICES) for end in ("", OLD)):
            with suppress(FileNotFoundError):
                os.unlink(file)

    def state(self, service: Service) -> str:
        """Return the state of a *service*."""
        answer = self._run(["launchctl", "print", self._target(service)])
        if answer.code:
            return "stopped"
        return "running" if "state = running" in answer.text else "starting"

    def logs(self, lines: int) -> list[str]:
        """Return the last *lines* of each service's log, one log after the other."""
        return [line for service in SERVICES for line in _tail(_log(service), lines)]

    def _is_loaded(self, service: Service) -> bool:
        return not self._run(["launchctl", "print", self._target(service)]).code

    def _load(self, service: Service) -> None:
        answer = self._run(["launchctl", "bootstrap", self._domain, _file(service)])
        if answer.code:
            raise ServiceError(
                f"launchd did not load {_file(service)}: {answer.text}",
                "`rtkq service logs` may tell why",
            )

    def _target(self, service: Service) -> str:
        return f"{self._domain}/{_label(service)}"


def agent(service: Service, start: Sequence[str], variables: Mapping[str, str], log: str) -> str:
    """Return the property list of a *service*; launchd has no limit on memory to give it."""
    return plistlib.dumps(
        {
            "Label": _label(service),
            "ProgramArguments": [*start, service.name],
            "EnvironmentVariables": dict(variables),
            "RunAtLoad": True,
            "KeepAlive": True,
            "ThrottleInterval": _THROTTLE_S,
            "ExitTimeOut": STOP_S,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Nice": NICE,
            "Umask": 0o077,
            "StandardOutPath": log,
            "StandardErrorPath": log,
        },
        sort_keys=False,
    ).decode()


def _label(service: Service) -> str:
    return f"rtkq.{service.name}"


def _file(service: Service) -> str:
    return os.path.expanduser(f"~/Library/LaunchAgents/{_label(service)}.plist")


def _log(service: Service) -> str:
    return os.path.expanduser(f"{FOLDER}/{service.name}.log")


def _tail(log: str, lines: int) -> deque[str]:
    """Return the last *lines* of a *log*, of what it held before it was shortened as well."""
    found: deque[str] = deque(maxlen=lines)
    for file in (log + OLD, log):
        with (
            suppress(FileNotFoundError),
            open(file, encoding="utf-8", errors="replace") as stream,
        ):
            found.extend(line.rstrip("\n") for line in stream)
    return found
