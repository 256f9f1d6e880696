"""Running the system's own tools, briefly."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

#: A service that drains is waited for, in seconds.
_TIMEOUT_S = 45.0
_NOT_FOUND = 127


class Answer(NamedTuple):
    """How a tool ended and what it printed."""

    code: int
    text: str


Run = Callable[[Sequence[str]], Answer]


def run(words: Sequence[str]) -> Answer:
    """Run a tool; one that is missing or does not end answers with a code other than 0."""
    try:
        done = subprocess.run(
            list(words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
        )
    except FileNotFoundError:
        return Answer(_NOT_FOUND, f"there is no {words[0]} on this system")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(_NOT_FOUND, str(error))
    return Answer(done.returncode, (done.stdout or done.stderr).strip())
