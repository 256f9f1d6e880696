"""Places at which a test may have a process killed, named by ``RTKQ_FAILPOINT``.

A crash between two steps is a promise to keep, so it is rehearsed with a real SIGKILL. Without
the variable a failpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal

_armed = os.environ.get("RTKQ_FAILPOINT", "")


def reach(name: str) -> None:
    """Kill this process if the failpoint *name* is armed."""
    if name == _armed:
        os.kill(os.getpid(), signal.SIGKILL)
