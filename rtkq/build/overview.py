"""Texts about the whole project, each a function of the rows that are stored.

Building from nothing and changing in place both call these after their rows are written, so both
end with the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rtkq.recall import layers
from rtkq.recall.layout import ROLE_SOURCE, ROLE_TEST
from rtkq.recall.render import clean

_DEPTH = 3
_FOLDERS = 40
_COMMITS = 100
_PATHS_A_COMMIT = 6
_LETTERS_OF_A_COMMIT = 10
#: The end of the year 9999: git believes whatever instant a commit claims.
_LAST_INSTANT = 253_402_300_799


def write_files(connection: Any) -> None:
    """Write what depends on which files there are."""
    rows = connection.execute("SELECT path, role FROM file WHERE language != ''").fetchall()
    _write(connection, layers.PROJECT_MAP, project_map(rows))


def write_history(connection: Any) -> None:
    """Write what depends on which commits there are."""
    rows = connection.execute(
        "SELECT name, at, paths FROM history ORDER BY at DESC, name LIMIT ?", (_COMMITS,)
    ).fetchall()
    _write(connection, layers.CHANGE_DIGEST, change_digest(rows))


def write_tally(connection: Any, *, rebuilt: int) -> None:
    """Write how much there is.

    Args:
        connection: To the memory.
        rebuilt: Files whose facts this build had to extract.
    """
    files, size = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM file").fetchone()
    (edges,) = connection.execute("SELECT count(*) FROM edge").fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO tally (id, files, bytes, edges, rebuilt, reused)"
        " VALUES (1, ?, ?, ?, ?, ?)",
        (files, size, edges, rebuilt, files - rebuilt),
    )


def _write(connection: Any, layer: int, text: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO layer (kind, text) VALUES (?, ?)", (layers.NAMES[layer], text)
    )


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
    return "\n".join((*_folders(sources, "source"), *_folders(tests, "test")))


def _folder(path: str) -> str:
    return "/".join(path.split("/")[:-1][:_DEPTH]) or "."


def _folders(counts: Counter[str], kind: str) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_FOLDERS]
    return [f"{folder}/ {n} {kind} file{'s' if n > 1 else ''}" for folder, n in ordered]


def change_digest(commits: Iterable[tuple[bytes, int, str]]) -> str:
    """Return a line a commit: its day, its name and what it touched. Messages are prose.

    Args:
        commits: (hash, seconds since the epoch, touched paths one a line), newest first.
    """
    return "\n".join(_commit(name.hex(), at, paths.split("\n")) for name, at, paths in commits)


def _commit(name: str, at: int, paths: list[str]) -> str:
    day = datetime.fromtimestamp(max(0, min(at, _LAST_INSTANT)), UTC).strftime("%Y-%m-%d")
    more = f", +{len(paths) - _PATHS_A_COMMIT}" if len(paths) > _PATHS_A_COMMIT else ""
    shown = ", ".join(map(clean, paths[:_PATHS_A_COMMIT]))
    return f"{day} {name[:_LETTERS_OF_A_COMMIT]} {shown}{more}"
