"""Files that kill the process that extracts them: noticed by their successors, then left alone.

A parser can exhaust memory or hang where no exception reaches. Before each extraction its key is
written down, and struck out after it; a key that is still there when a rebuild starts belongs to
a process that ended in the middle. Once may be anybody's kill, so a content is condemned at the
third time: it counts as failed until the file changes.
"""

from __future__ import annotations

import os
from contextlib import suppress

from rtkq import paths
from rtkq.extract.facts import Facts, encode
from rtkq.store import facts as store

_LAST_TIME = 3


class Quarantine:
    """The marker of one checkout; used by the holder of its lease alone."""

    def __init__(self, home: str, root: str) -> None:
        self._home = home
        self._file = f"{paths.checkout(home, root)}/extracting"
        self._times: dict[bytes, int] = {}
        self._condemned: set[bytes] = set()
        self._inherit()

    def is_condemned(self, key: bytes) -> bool:
        """Return whether the content of this *key* has killed too often."""
        return key in self._condemned

    def enter(self, key: bytes, language: str) -> None:
        """Note that the content of this *key* is about to be extracted."""
        times = self._times.get(key, 0) + 1
        with open(self._file, "w", encoding="ascii") as stream:
            stream.write(f"{key.hex()} {language} {times}")

    def leave(self) -> None:
        """Note that the extraction ended, well or not."""
        with suppress(FileNotFoundError):
            os.unlink(self._file)

    def _inherit(self) -> None:
        try:
            with open(self._file, encoding="ascii") as stream:
                key, language, times = stream.read().split()
            found = bytes.fromhex(key)
            self._times[found] = int(times)
        except (OSError, ValueError):
            return  # nobody ended in the middle, or before the note was whole
        if self._times[found] >= _LAST_TIME:
            self._condemned.add(found)
            store.put(self._home, {found: encode(Facts(language, "failed", 0))})
            self.leave()
