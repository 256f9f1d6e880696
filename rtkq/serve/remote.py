"""Folders behind a network: who asks about one may wait, and nobody else.

A look at a file system whose other end is gone does not come back, and nothing can end it.
So the first look at one is made by a thread that may be lost, and others wait until it is back.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from threading import Thread

from rtkq.errors import Timeout
from rtkq_workers.checkout import mounts

#: How long the table of file systems is believed, in seconds.
_BELIEVED_S = 5.0


class Remote:
    """Knows which folders may hang; used by the event loop's thread alone."""

    def __init__(self) -> None:
        self._points: list[str] = []
        self._read_at = float("-inf")
        #: Where the file system is → the look that goes on; at most one each.
        self._looks: dict[str, asyncio.Future[None]] = {}

    @property
    def points(self) -> list[str]:
        """Where remote file systems are, as they are mounted now."""
        now = time.monotonic()
        if now > self._read_at + _BELIEVED_S:
            self._points = mounts.remote_points()
            self._read_at = now
        return self._points

    async def reach(self, folder: str, patience_s: float) -> None:
        """Return when the file system that *folder* lies on answers, at once for a local one.

        Links are not followed: that alone would be a look.

        Raises:
            Timeout: It did not within *patience_s* seconds.
        """
        name = os.path.normpath(folder) + "/"
        for point in self.points:
            if not name.startswith(f"{point}/"):
                continue
            look = self._looks.get(point) or self._begin(point)
            await asyncio.wait([look], timeout=patience_s)
            if not look.done():
                raise Timeout(f"{point} does not answer", "see that its other end is there")

    def _begin(self, point: str) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        look = self._looks[point] = loop.create_future()

        def end() -> None:
            del self._looks[point]
            look.set_result(None)

        def run() -> None:
            with suppress(OSError):
                os.statvfs(point)  # what it says of a folder the kernel may still remember
            with suppress(RuntimeError):  # came back after the daemon had ended
                loop.call_soon_threadsafe(end)

        Thread(target=run, daemon=True).start()
        return look
