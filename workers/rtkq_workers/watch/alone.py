"""The lock that keeps a second watcher of the same home from starting."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from rtkq import paths
from rtkq.errors import RtkqError
from rtkq.store.database import private_folder


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
