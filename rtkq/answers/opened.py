"""The memory an answer is made from."""

from __future__ import annotations

from rtkq import recall
from rtkq.errors import ProjectError


def opened(home: str, root: str) -> recall.Memory:
    """Return the memory of the checkout at *root*, open for reading.

    Raises:
        ProjectError: There is none yet.
    """
    memory = recall.open_memory(home, root)
    if memory is None:
        raise ProjectError(f"{root} has no memory yet", f"build it: rtkq refresh {root}")
    return memory
