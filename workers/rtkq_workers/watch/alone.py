"""The lock that keeps a second watcher of the same home from starting."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rtkq import paths
from rtkq.errors import RtkqError
from rtkq.store.database import private_folder

#: One that was killed along with its parent is gone by then.
_PATIENCE_S = 2.0
_PAUSE_S = 0.05


@contextmanager
def alone(home: str) -> Iterator[None]:
    """Be the one watcher under *home* inside the block.

    The kernel drops the lock with the process, so a killed watcher leaves nothing to clean up.

    Raises:
        RtkqError: Another process watches; the message names it.
    """
    file = paths.lock_file(home, "watch")
    private_folder(os.path.dirname(file))
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def expect_nobody(home: str) -> None:
    """Return when nobody watches under *home*, at once as a rule.

    Raises:
        RtkqError: Somebody still does after two seconds; the message names the process.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with alone(home):
                return
        except RtkqError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_S)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"
        raise RtkqError(
            f"starting the watcher failed: process {holder} is watching already",
            f"one is enough for all projects; to replace it, stop process {holder}",
        ) from error
    os.truncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
