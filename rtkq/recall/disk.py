"""A checkout as it lies on the disk now, beside what a memory believes of it."""

from __future__ import annotations

import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rtkq.recall.rank import Candidate

FRESH = "fresh"
CHANGED = "changed"
GONE = ""


class Disk:
    """The files below one root."""

    def __init__(self, root: str, *, is_own: bool) -> None:
        """Look at nothing yet.

        Args:
            root: The checkout to look into.
            is_own: Whether the memory is of this checkout, and not of another one of the same
                repository.
        """
        self.root = root
        self.is_own = is_own

    def state_of(self, candidate: Candidate) -> str:
        """Return ``fresh``, ``changed`` or, for a file that is gone, nothing."""
        try:
            status = posix.lstat(f"{self.root}/{candidate.path}")
        except (OSError, ValueError):
            return GONE
        # Nobody can set a ctime: it tells of a change whose mtime was set back.
        stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns
        # Another checkout of the same file has times of its own, so there only the size can tell.
        is_same = stamp == candidate.stamp if self.is_own else stamp[0] == candidate.stamp[0]
        return FRESH if is_same else CHANGED

    def has(self, path: str) -> bool:
        """Return whether *path*, relative to the root, leads anywhere."""
        try:
            posix.stat(f"{self.root}/{path}")
        except (OSError, ValueError):
            return False
        return True
