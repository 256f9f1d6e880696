"""Locks on files: the kernel drops one with the process that has it, however that ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress


def taken(file: str) -> int | None:
    """Take the lock on *file*, at once or not at all; its folder is there.

    Returns:
        A descriptor that has it until it is closed; None where another process has it.
    """
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(FileNotFoundError, BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Else another file was put in its place, or none, while it was being opened.
        if os.stat(file).st_ino == os.fstat(lock).st_ino:
            return lock
    os.close(lock)
    return None
