"""Places at which a test may have a process killed or frozen, named by ``RTKQ_FAILPOINT``.

A crash between two steps is a promise to keep, so it is rehearsed with a real SIGKILL; with
``:stop`` after the name it is a SIGSTOP. Without the variable a failpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal

_armed, _, _way = os.environ.get("RTKQ_FAILPOINT", "").partition(":")


def reach(name: str) -> None:
    """Kill this process, or stop it, if the failpoint *name* is armed."""
    if name == _armed:
        os.kill(os.getpid(), signal.SIGSTOP if _way == "stop" else signal.SIGKILL)
