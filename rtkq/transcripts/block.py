"""What a block of ours says, read from the prompt it was put into."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtkq.recall.render import CHARS_A_TOKEN, MARKER, MARKER_END

_BLOCK = re.compile(
    rf"^<{MARKER} (?P<head>[^\n]*)>\n(?P<lines>.*?)^{MARKER_END}$", re.MULTILINE | re.DOTALL
)
_CHANGED = " (changed since indexed)"
_OWED = "changed since indexed: "


@dataclass(frozen=True, slots=True)
class Block:
    """A context as a subagent was given it."""

    #: Files it names, relative to the project's root.
    paths: frozenset[str]
    #: Its size.
    tokens: int


def find(prompt: str) -> Block | None:
    """Return the first block in *prompt*, or ``None`` if there is none."""
    found = _BLOCK.search(prompt)
    if found is None:
        return None
    named = [line for line in found["lines"].splitlines() if _names_file(line)]
    paths = frozenset(line.removesuffix(_CHANGED) for line in named)
    return Block(paths, len(found[0]) // CHARS_A_TOKEN)


def _names_file(line: str) -> bool:
    return bool(line) and not line.startswith((" ", _OWED))
