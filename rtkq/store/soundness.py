"""Looking whether a database is whole, without changing it."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import closing
from urllib.parse import quote

_STEPS = 10_000
#: Another process may be tidying up, in seconds.
_BUSY_S = 2.0


def damage(file: str, *, patience_s: float = 5.0) -> str:
    """Return what is wrong with the database *file*; empty when it is whole or not there.

    What could not be looked at within *patience_s* counts as whole: a large file takes its time,
    and most damage shows early.

    Raises:
        OSError: It cannot be read.
    """
    if not os.path.exists(file):
        return ""
    if not os.access(file, os.R_OK):  # which is not the same as damaged
        # Not by opening it: closing it again would drop the locks of all that this process has
        # open there, SQLite's own, and another process would take its log away.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)
    deadline = time.monotonic() + patience_s
    try:
        with closing(_connect(file)) as connection:
            connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)
            (told,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        return "" if _is_passing(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if told == "ok" else str(told)


def _connect(file: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(file)}?mode=ro", uri=True, timeout=_BUSY_S)


def _is_passing(error: sqlite3.OperationalError) -> bool:
    return any(word in str(error) for word in ("interrupted", "locked", "busy"))
