"""The files of whoever asks, laid over a memory that was computed elsewhere.

A stat signature of another disk says nothing, so a file that the context would name is read and
hashed: a few files, and only as many bytes as can be read in a moment.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from rtkq.recall.disk import CHANGED, FRESH, GONE, Disk
from rtkq.store.facts import content_hash
from rtkq.team.central import origin

if TYPE_CHECKING:
    from rtkq.recall.rank import Candidate

#: For all files of a context; what is named beyond is compared by its size alone.
_MOST_BYTES = 4_000_000
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Overlay(Disk):
    """A checkout of the repository that a published memory is about."""

    def __init__(self, root: str) -> None:
        super().__init__(root, is_own=True)
        self._left_bytes = _MOST_BYTES
        self._is_changed = False

    def is_untouched(self, commit: str) -> bool:
        """Return whether *commit* is checked out, and no file that was looked at differs."""
        return not self._is_changed and origin.head(self.root) == commit

    def state_of(self, candidate: Candidate) -> str:
        """Return ``fresh``, ``changed`` or, for a file that is gone, nothing."""
        size, content, _ = candidate.stamp
        state = self._compared(f"{self.root}/{candidate.path}", size, content)
        self._is_changed |= state != FRESH
        return state

    def _compared(self, file: str, size: int, content: bytes) -> str:
        try:
            status = os.lstat(file)
            if status.st_size != size:
                return CHANGED
            if not content or not stat.S_ISREG(status.st_mode) or size > self._left_bytes:
                return FRESH
            self._left_bytes -= size
            return FRESH if _hash(file, size) == content else CHANGED
        except (OSError, ValueError):
            return GONE


def _hash(file: str, size: int) -> bytes:
    """Return the hash of a file of this *size*; one that grows is another one already."""
    descriptor = os.open(file, _READING)
    try:
        return content_hash(os.read(descriptor, size + 1))
    finally:
        os.close(descriptor)


class Nowhere(Overlay):
    """No files at all: whoever asks has told which commit is meant, and is believed."""

    def __init__(self, name: str, commit: str) -> None:
        """Look nowhere.

        Args:
            name: What the context calls the project.
            commit: The commit that whoever asks works on; empty for none.
        """
        super().__init__(name)
        self._commit = commit

    def is_untouched(self, commit: str) -> bool:
        """Return whether *commit* is the one that is meant."""
        return self._commit == commit

    def state_of(self, candidate: Candidate) -> str:  # noqa: ARG002
        """Return ``fresh``."""
        return FRESH

    def has(self, path: str) -> bool:  # noqa: ARG002
        """Return True."""
        return True
