"""The condition of a team's database, kept in a file of the home: all its processes share it.

So a command that runs for a second does not find out anew that the server is down, and `status`
can tell without asking it.
"""

from __future__ import annotations

import os
from contextlib import suppress

import msgspec

from rtkq import paths
from rtkq.errors import HomeError
from rtkq.store.database import private_folder
from rtkq.team.breaker import Condition


def read(home: str) -> Condition:
    """Return the last known condition; a fresh one where none is known."""
    try:
        with open(paths.team_file(home), "rb") as stream:
            return msgspec.json.decode(stream.read(), type=Condition)
    except (OSError, ValueError):
        return Condition()


def write(home: str, condition: Condition) -> None:
    """Let the other processes of *home* know; nothing happens where that cannot be written."""
    file = paths.team_file(home)
    fresh = f"{file}.{os.getpid()}"
    with suppress(OSError, HomeError):
        private_folder(os.path.dirname(file))
        with open(fresh, "wb") as stream:
            stream.write(msgspec.json.encode(condition))
        os.replace(fresh, file)


def forget(home: str) -> None:
    """Let the next request find out anew, without a wait."""
    with suppress(OSError):
        os.unlink(paths.team_file(home))
