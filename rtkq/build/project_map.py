"""The map of a project for those whose task is not known: where its source lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rtkq.recall.layout import ROLE_SOURCE, ROLE_TEST

KIND = "project_map"
_DEPTH = 3
_FOLDERS = 40


def project_map(files: Iterable[tuple[str, int]]) -> str:
    """Return the map as lines ``folder/ N files``, fullest folders first.

    Args:
        files: (path, role) of every searchable file.
    """
    sources: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for path, role in files:
        counter = {ROLE_SOURCE: sources, ROLE_TEST: tests}.get(role)
        if counter is not None:
            counter[_folder(path)] += 1
    return "\n".join((*_lines(sources, "source"), *_lines(tests, "test")))


def _folder(path: str) -> str:
    return "/".join(path.split("/")[:-1][:_DEPTH]) or "."


def _lines(counts: Counter[str], kind: str) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_FOLDERS]
    return [f"{folder}/ {n} {kind} file{'s' if n > 1 else ''}" for folder, n in ordered]
