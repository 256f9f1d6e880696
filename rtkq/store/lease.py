"""The lease for rebuilding one checkout: a file lock, made safe against frozen holders.

The kernel drops the lock with the process, so a killed worker never holds a lease. One that is
merely stopped does: when it has not renewed for ``TAKEOVER_AFTER_S`` the next claimant puts a new
file in the place of the locked one. What the frozen worker still wants to publish is refused by
its fencing token.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress

from rtkq import paths
from rtkq.store import memories
from rtkq.store.lock import taken

#: A holder that has not renewed for this long is believed frozen, in seconds.
TAKEOVER_AFTER_S = 60.0


class Lease:
    """The right to rebuild one checkout, until released or taken over."""

    def __init__(self, descriptor: int, fence: int) -> None:
        self._descriptor = descriptor
        #: Token that publishing checks.
        self.fence = fence

    def renew(self) -> None:
        """Show that the holder is alive and working."""
        os.utime(self._descriptor)

    def release(self) -> None:
        """Give the lease back."""
        os.close(self._descriptor)


def claim(home: str, root: str, *, takeover_after_s: float = TAKEOVER_AFTER_S) -> Lease | None:
    """Return the lease for the checkout at *root*, or None while another process holds it."""
    memories.create(home, root)
    file = paths.lease_file(home, root)
    descriptor = taken(file)
    if descriptor is None and _age_s(file) > takeover_after_s:
        descriptor = _take_over(file, takeover_after_s)
    if descriptor is None:
        return None
    try:
        with memories.opened(home, root) as memory:
            fence = memory.raise_fence()
        os.utime(descriptor)
    except BaseException:
        os.close(descriptor)  # or this process would lock itself out
        raise
    return Lease(descriptor, fence)


def _age_s(file: str) -> float:
    try:
        return abs(time.time() - os.stat(file).st_mtime)
    except FileNotFoundError:
        return 0.0


def _take_over(file: str, takeover_after_s: float) -> int | None:
    # One claimant at a time: the second finds a young file and leaves it alone.
    guard = os.open(f"{file}.takeover", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if _age_s(file) <= takeover_after_s:
            return None
        with suppress(FileNotFoundError):
            os.unlink(file)
        return taken(file)
    finally:
        os.close(guard)
