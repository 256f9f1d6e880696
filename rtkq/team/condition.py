"""The condition of a team's servers, kept in files of the home: all its processes share them.

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


def read(home: str, server: str = "team") -> Condition:
    """Return the last known condition of a *server*; a fresh one where none is known.

    Args:
        home: Folder for everything rtkq stores.
        server: ``team`` for the database, ``queue`` for Redis.
    """
    try:
        with open(paths.team_file(home, server), "rb") as stream:
            return msgspec.json.decode(stream.read(), type=Condition)
    except (OSError, ValueError):
        return Condition()


def write(home: str, condition: Condition, server: str = "team") -> None:
    """Let the other processes of *home* know; nothing happens where that cannot be written."""
    file = paths.team_file(home, server)
    fresh = f"{file}.{os.getpid()}"
    with suppress(OSError, HomeError):
        private_folder(os.path.dirname(file))
        with open(fresh, "wb") as stream:
            stream.write(msgspec.json.encode(condition))
        os.replace(fresh, file)


def forget(home: str) -> None:
    """Let the next request find out anew, without a wait."""
    with suppress(OSError):
        os.unlink(paths.team_file(home, "team"))
