"""The watcher's sign of life, and the lock that keeps a second one from starting."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from typing import Any

from rtkq import paths
from rtkq.errors import RtkqError
from rtkq.store.database import private_folder

_KIND = "watch"


class Heartbeat:
    """A file that a living watcher replaces every second.

    A reader sees the old document or the new one, never half of one.

    Args:
        home: Folder for everything rtkq stores.
    """

    def __init__(self, home: str) -> None:
        self._file = paths.heartbeat_file(home, _KIND)
        private_folder(os.path.dirname(self._file))
        self._started_at = time.time()

    def beat(self, report: Mapping[str, Any]) -> None:
        """Write that this process lives, with what it has to *report*.

        Instants are seconds since the epoch.
        """
        document = {
            "pid": os.getpid(),
            "started_at": self._started_at,
            "beat_at": time.time(),
            **report,
        }
        unfinished = f"{self._file}.{os.getpid()}"
        with open(unfinished, "w", encoding="utf-8", opener=_private) as stream:
            json.dump(document, stream)
        os.replace(unfinished, self._file)


class Alone:
    """Holds the lock of the one watcher under *home* while it is entered.

    The kernel drops the lock with the process, so a killed watcher leaves nothing to clean up.
    """

    def __init__(self, home: str) -> None:
        self._file = paths.lock_file(home, _KIND)
        self._descriptor = -1

    def __enter__(self) -> None:
        private_folder(os.path.dirname(self._file))
        self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise RtkqError(
                f"starting the watcher failed: process {holder or '?'} is watching already",
                f"one is enough for all projects; to replace it, stop process {holder or '?'}",
            ) from error
        os.truncate(self._descriptor, 0)
        os.write(self._descriptor, b"%d\n" % os.getpid())

    def __exit__(self, *_raised: object) -> None:
        os.close(self._descriptor)


def _private(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_CLOEXEC, 0o600)
