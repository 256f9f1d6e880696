"""Memories that stay open from one hook to the next, so that each pays for its questions alone.

What is lent is read anew each time; kept is only the connection, with its statements and pages.
Whatever a kept connection cannot do is done as the hook's process does it.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict

from rtkq import paths, recall
from rtkq.recall import Memory, queries

#: Each holds three descriptors and up to 2 MB of pages.
_MOST_KEPT = 32


class _Lent(Memory):
    """A memory whose connection outlives it."""

    def again(self) -> _Lent:
        """Return the memory as it is now.

        Raises:
            Error: It can no longer be read.
            LookupError: It became that of another checkout or version.
        """
        if self.row(queries.OWNER) != recall.OWNER:
            raise LookupError(self.root)
        return _Lent(self._connection, self.home, self.root)

    def close(self) -> None:
        """Leave the connection to its keeper."""

    def end(self) -> None:
        """Give the database back."""
        super().close()


class Memories:
    """The memories asked last; each is the one that its checkout named when it was asked."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        """Keep at most so many open."""
        self._most = most
        self._kept: OrderedDict[str, tuple[tuple[int, int], _Lent]] = OrderedDict()

    def open(self, home: str, root: str) -> Memory | None:
        """Return the memory of the checkout at *root*, as `recall.open_memory` does."""
        try:
            return self._lent(home, root)
        except (sqlite3.Error, LookupError, TypeError, OSError):
            self._drop(root)
            return recall.open_memory(home, root)

    def close(self) -> None:
        """Give all databases back."""
        for root in list(self._kept):
            self._drop(root)

    def _lent(self, home: str, root: str) -> Memory:
        found = _identity(home, root)
        identity, kept = self._kept.get(root, (None, None))
        if kept is not None and identity == found:
            lent = kept.again()
        else:
            self._drop(root)
            # By mode=ro alone: with immutable=1 a connection would not see the next generation.
            lent = recall.opened(home, root, "mode=ro", _Lent)
        self._kept[root] = found, lent
        self._kept.move_to_end(root)
        if len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))
        return lent

    def _drop(self, root: str) -> None:
        if root in self._kept:
            self._kept.pop(root)[1].end()


def _identity(home: str, root: str) -> tuple[int, int]:
    """Return which file the checkout names now; its number is not reused while it is open.

    Raises:
        OSError: It names none.
    """
    status = os.stat(paths.memory_file(home, root))
    return status.st_dev, status.st_ino
