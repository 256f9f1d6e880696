"""Which services there are, what each may use, and how this installation starts them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec

#: Say where things lie; a service has to look where its user does.
_PLACES = ("RTKQ_HOME", "RTKQ_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME")


@dataclass(frozen=True, slots=True)
class Service:
    """One command of rtkq that runs in the background."""

    #: The command, and the service's name after ``rtkq-``.
    name: str
    description: str
    #: Above this its memory is reclaimed, in MiB.
    memory_high_mb: int
    #: At this it is killed, and started again, in MiB.
    memory_max_mb: int
    #: Modules it needs that an installation may lack.
    needs: tuple[str, ...] = ()
    #: Whether it is asked over sockets, and need not run before it is.
    is_asked: bool = False


#: A new service also needs: files under deploy/, a word in docs/how-to/run-in-the-background.md.
SERVICES = (
    Service("watch", "rtkq: notices changes in projects", 512, 1024),
    # A first build of a large project needs the room; idle workers give it back.
    Service("worker", "rtkq: rebuilds the memories of projects", 1536, 3072),
    Service(
        "serve",
        "rtkq: answers over HTTP",
        512,
        1024,
        needs=("starlette", "uvicorn", "httptools"),
        is_asked=True,
    ),
)
#: Of the processor and the disk, where the default is 100: the user goes first.
WEIGHT = 20
NICE = 5
#: Longer than a worker needs to drain, in seconds.
STOP_S = 20


def possible() -> tuple[Service, ...]:
    """Return the services that this installation has everything for."""
    return tuple(one for one in SERVICES if all(map(find_spec, one.needs)))


def program() -> list[str]:
    """Return the words that start this very installation of rtkq, by absolute path."""
    # Beside the interpreter: what stands on PATH may be another one.
    beside = os.path.join(os.path.dirname(sys.executable), "rtkq")
    return [beside] if os.access(beside, os.X_OK) else [sys.executable, "-m", "rtkq.cli"]


def places() -> dict[str, str]:
    """Return the variables by which this user has moved rtkq's folders, made absolute."""
    return {name: os.path.abspath(os.environ[name]) for name in _PLACES if os.environ.get(name)}
