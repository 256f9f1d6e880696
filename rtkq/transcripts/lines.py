"""Lines of a transcript: one JSON object each, from files of any size in any state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

#: A longer line is skipped: nothing we look for is that large, and it must fit into memory.
LONGEST_LINE_BYTES = 32 * 1024 * 1024
_LARGEST_DOCUMENT_BYTES = 64 * 1024


def records(path: Path, telling: Iterable[bytes]) -> Iterator[dict[str, Any] | None]:
    """Yield the records in the file at *path* that hold one of the words in *telling*, in order.

    Most bytes of a transcript are of no interest, and looking for a word costs less than parsing.
    ``None`` stands for a line that cannot be read: torn, too long, or no JSON object. A file that
    is gone or may not be read has no lines.
    """
    try:
        with path.open("rb") as file:
            for line in _lines(file):
                if line is None:
                    yield None
                elif any(word in line for word in telling):
                    yield _parsed(line)
    except OSError:
        return


def _lines(file: Any) -> Iterator[bytes | None]:
    while line := file.readline(LONGEST_LINE_BYTES):
        if len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            _skip_rest(file)
            yield None
        elif line.strip():
            yield line


def _skip_rest(file: Any) -> None:
    while (part := file.readline(LONGEST_LINE_BYTES)) and not part.endswith(b"\n"):
        continue


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def document(path: Path) -> Any:
    """Return the small JSON document at *path*, or ``None`` if there is none that can be read."""
    try:
        with path.open("rb") as file:
            return json.loads(file.read(_LARGEST_DOCUMENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None


def text(record: Any, *keys: str) -> str:
    """Return the text that *keys* lead to in *record*, or "" if there is none."""
    found = value(record, *keys)
    return found if isinstance(found, str) else ""


def items(record: Any, *keys: str) -> list[Any]:
    """Return the list that *keys* lead to in *record*, or an empty one."""
    found = value(record, *keys)
    return found if isinstance(found, list) else []


def value(record: Any, *keys: str) -> Any:
    """Return what *keys* lead to in *record*, or ``None``: nothing is promised of its shape."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record
