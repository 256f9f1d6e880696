"""The lane of large rebuilds: few go on at once, so that a worker is left for small ones.

A rebuild of thousands of files takes seconds, and a project that is written to without pause asks
for one after the other. A save elsewhere takes milliseconds and must not wait for them.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from rtkq import paths
from rtkq.store.database import private_folder
from rtkq.store.lease import TAKEOVER_AFTER_S
from rtkq.store.lock import taken


class Occupied(Exception):
    """As many large rebuilds go on as may."""


class Lane:
    """The right to be one of *places* large rebuilds under *home*, taken when it is needed.

    The kernel gives the place of a process that died to the next one. A process that is merely
    stopped keeps its own, so one that was not renewed for a minute counts as nobody's.

    Args:
        home: Folder for everything rtkq stores.
        places: How many there are; 0 for no limit.
    """

    def __init__(self, home: str, places: int) -> None:
        self._files = [paths.lock_file(home, f"large-{number}") for number in range(places)]
        self._held: int | None = None
        #: Whether a large rebuild was begun.
        self.is_taken = False

    def take(self) -> None:
        """Take a place, once.

        Raises:
            Occupied: There is none.
        """
        if not self.is_taken and self._files:
            private_folder(os.path.dirname(self._files[0]))
            self._held = next((one for one in map(taken, self._files) if one is not None), None)
            if self._held is None and not any(map(_is_forsaken, self._files)):
                raise Occupied
        self.is_taken = True
        self.renew()

    def renew(self) -> None:
        """Show that whoever has the place is alive."""
        if self._held is not None:
            os.utime(self._held)

    def leave(self) -> None:
        """Give the place back."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _is_forsaken(file: str) -> bool:
    with suppress(FileNotFoundError):
        return abs(time.time() - os.stat(file).st_mtime) > TAKEOVER_AFTER_S
    return False
