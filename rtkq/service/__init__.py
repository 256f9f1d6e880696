"""Running in the background: watcher and workers kept by what the system has for that.

Two keepers are known, systemd's user manager and macOS's launchd. Each says what file a service
wants and how it is started; what both have in common is here. Installing is idempotent: a file
that is as it should be is left alone, and what it starts goes on running.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from rtkq.errors import ServiceError
from rtkq.service.services import SERVICES, Service, possible

_BY_HAND = "run `rtkq up` in a terminal, tmux or your container's entry point instead"


@dataclass(frozen=True, slots=True)
class Condition:
    """What is true of one service now, and what was just done to it."""

    service: str
    #: Where the keeper reads how to run it.
    file: str
    #: running · starting · listening (it starts when it is asked) · stopped · failed · absent.
    state: str
    #: written · updated · unchanged · removed; empty when nothing was tried.
    change: str = ""

    @property
    def is_well(self) -> bool:
        """Whether it runs, or will when it is needed."""
        return self.state in ("running", "starting", "listening")


class Keeper(Protocol):
    """What starts a program again when it dies."""

    def refusal(self) -> str:
        """Return why it cannot be used here; empty when it can."""

    def files(self, service: Service) -> dict[str, str]:
        """Return the files that describe a *service* to it, the main one first: path and text."""

    def start(self, changed: Sequence[Service]) -> None:
        """Have all possible services run, now and after login; those *changed* start anew.

        Raises:
            ServiceError: The keeper refused.
        """

    def stop(self) -> None:
        """End all services and keep them from starting again, as far as it can be reached."""

    def forget(self) -> None:
        """Take note that the files are gone, and remove what was made of them."""

    def state(self, service: Service) -> str:
        """Return the state of a *service*, as in Condition."""

    def logs(self, lines: int) -> list[str]:
        """Return the last *lines* that the services wrote, oldest first."""


def keeper() -> Keeper:
    """Return what keeps services on this system."""
    if sys.platform == "darwin":
        from rtkq.service.launchd import Launchd

        return Launchd()
    from rtkq.service.systemd import Systemd

    return Systemd()


def install(by: Keeper) -> list[Condition]:
    """Have every service run from now on.

    Raises:
        ServiceError: There is no keeper here, or it refused.
        OSError: A file cannot be written.
    """
    require(by)
    changes = {one: _merged(_write, by.files(one)) for one in possible()}
    by.start([one for one, change in changes.items() if change != "unchanged"])
    return [_condition(by, one, by.state(one), change) for one, change in changes.items()]


def uninstall(by: Keeper) -> list[Condition]:
    """Stop every service and remove its file; without the keeper, as far as that goes."""
    by.stop()
    changes = {one: _merged(_remove, by.files(one)) for one in SERVICES}
    by.forget()
    return [_condition(by, one, _rest(by, one), change) for one, change in changes.items()]


def status(by: Keeper) -> list[Condition]:
    """Return what is true of each service.

    Raises:
        ServiceError: There is no keeper here.
    """
    require(by)
    return [_condition(by, one, _state(by, one)) for one in possible()]


def is_installed(by: Keeper) -> bool:
    """Return whether any service was installed."""
    return any(os.path.exists(file) for one in SERVICES for file in by.files(one))


def outdated(by: Keeper) -> list[str]:
    """Return the installed files that are not as this version and place would write them."""
    wanted = [pair for one in SERVICES for pair in by.files(one).items()]
    return [file for file, text in wanted if _read(file) not in (None, text)]


def require(by: Keeper) -> None:
    """Raise ServiceError unless the keeper can be used here."""
    if why := by.refusal():
        raise ServiceError(f"services cannot be kept here: {why}", _BY_HAND)


def _state(by: Keeper, service: Service) -> str:
    return by.state(service) if os.path.exists(_main(by, service)) else "absent"


def _condition(by: Keeper, service: Service, state: str, change: str = "") -> Condition:
    return Condition(service.name, _main(by, service), state, change)


def _main(by: Keeper, service: Service) -> str:
    return next(iter(by.files(service)))


def _merged(act: Callable[[str, str], str], files: Mapping[str, str]) -> str:
    """Do the same to all *files* of a service and return what it was, if it was anything."""
    done = [act(file, text) for file, text in files.items()]
    return next((change for change in done if change != "unchanged"), "unchanged")


def _rest(by: Keeper, service: Service) -> str:
    """Return ``running`` where stopping failed: its file is gone, the program is not."""
    return "running" if by.state(service) == "running" else "absent"


def _write(file: str, text: str) -> str:
    before = _read(file)
    if before == text:
        return "unchanged"
    os.makedirs(os.path.dirname(file), exist_ok=True)
    fresh = f"{file}.{os.getpid()}"
    with open(fresh, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(fresh, file)
    return "written" if before is None else "updated"


def _read(file: str) -> str | None:
    with suppress(FileNotFoundError), open(file, encoding="utf-8") as stream:
        return stream.read()
    return None


def _remove(file: str, _: str) -> str:
    try:
        os.unlink(file)
    except FileNotFoundError:
        return "unchanged"
    return "removed"
