"""Ask an agent's program which version it is; never a reason to fail."""

from __future__ import annotations

import re
import shutil
import subprocess

_PATIENCE_S = 10
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def version(program: str) -> tuple[int, ...]:
    """Return the version of *program* as numbers; empty when it is not found or does not say."""
    path = shutil.which(program) if program else None
    if path is None:
        return ()
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = _VERSION.search(done.stdout)
    return tuple(map(int, found[0].split("."))) if found else ()


def spelled(numbers: tuple[int, ...]) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, numbers))
