"""From imports to files, second half: which file each spec means, written as edges.

An import may mean another file when files appear or vanish, so the specs of every file are
stored, and those that a path answers to are found by an index. Whatever order files came in, an
edge is a function of the files that are there: building from nothing and changing in place end
with the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rtkq.build import imports
from rtkq.build.parts import INSERT_PART
from rtkq.build.roles import role_of
from rtkq.build.source import Source
from rtkq.recall import layers
from rtkq.recall.layers import EDGE_IMPORT, EDGE_TEST
from rtkq.recall.layout import ROLE_SOURCE, ROLE_TEST
from rtkq.recall.render import clean

INSERT_EDGE = "INSERT INTO edge (source, kind, target) VALUES (?, ?, ?)"
INSERT_WANT = "INSERT INTO want (file, place, attempt, spec) VALUES (?, ?, ?, ?)"

#: A suffix that more files end with tells nothing.
_MOST_CANDIDATES = 32
#: So many files of a package stand for it.
_FILES_A_PACKAGE = 8
_FILES_A_TEST = 8
#: Folders that absolute imports start from.
_ROOTS = frozenset(("", "src", "lib", "python"))
#: The sign after "/", for the end of a range of modules.
_AFTER_SLASH = "0"

_KINDS = (
    ("benchmark", re.compile(r"bench", re.IGNORECASE)),
    ("end-to-end", re.compile(r"\b(?:e2e|acceptance|cypress|playwright)\b", re.IGNORECASE)),
    ("functional", re.compile(r"\bfunctional\b", re.IGNORECASE)),
    ("integration", re.compile(r"integration|(?:^|/)it/|IT\.\w+$")),
    ("fuzz", re.compile(r"fuzz", re.IGNORECASE)),
)

# Named, for SQLite would rather walk all paths in order than sort a few.
_OF_MODULE = (
    "SELECT id, path FROM file INDEXED BY file_module WHERE module = ? ORDER BY path LIMIT ?"
)
_OF_MODULES = (
    "SELECT id, path FROM file INDEXED BY file_module WHERE module >= ? AND module < ?"
    " ORDER BY path LIMIT ?"
)
_OF_NAME = (
    "SELECT id, path FROM file INDEXED BY file_name WHERE name = ? AND role = 0"
    " ORDER BY path LIMIT ?"
)

_Candidate = tuple[int, str]  # file, path


def want_rows(file: int, source: Source) -> list[tuple[int, int, int, str]]:
    """Return the values for ``INSERT_WANT``: what the file asks for, in order."""
    if not source.language:
        return []
    named = [one.module for one in source.facts.imports]
    return [
        (file, place, attempt, spec)
        for place, group in enumerate(imports.specs(source.path, source.language, named))
        for attempt, spec in enumerate(group)
    ]


def askers(connection: Any, come_or_gone: Iterable[Source]) -> set[int]:
    """Return the files that ask for something one of these sources answers to."""
    found: set[int] = set()
    for source in come_or_gone:
        module = imports.module_of(source.path, source.language)
        wanted = [imports.NAMED + source.path.rpartition("/")[2].lower()]
        if module:
            wanted += _answered(module)
            end = module[:-1] + _AFTER_SLASH
            found.update(
                file
                for (file,) in connection.execute(
                    "SELECT file FROM want WHERE spec >= ? AND spec < ?",
                    (imports.LONGEST + module, imports.LONGEST + end),
                )
            )
        places = ",".join("?" * len(wanted))
        rows = connection.execute(f"SELECT file FROM want WHERE spec IN ({places})", wanted)
        found.update(file for (file,) in rows)
    return found


def _answered(module: str) -> list[str]:
    beginnings = list(imports.prefixes(module))
    suffixes = [imports.SUFFIX + one for one in beginnings]
    return [imports.EXACT + module, imports.ROOTED + beginnings[0], *suffixes]


def link(connection: Any, files: Iterable[int] | None = None) -> None:
    """Write the edges that leave *files* (default: all), and what they say of tests."""
    resolver = _Resolver(connection)
    if files is None:
        files = [file for (file,) in connection.execute("SELECT DISTINCT file FROM want")]
    for file in sorted(files):
        connection.execute("DELETE FROM edge WHERE source = ?", (file,))
        connection.execute("DELETE FROM part WHERE layer = ? AND file = ?", (layers.TEST_MAP, file))
        row = connection.execute("SELECT path FROM file WHERE id = ?", (file,)).fetchone()
        if row is not None:
            _link_file(connection, resolver, file, row[0])


def _link_file(connection: Any, resolver: _Resolver, file: int, path: str) -> None:
    wanted = _wanted(connection, file)
    if not wanted:
        return
    named, imported = _targets(resolver, file, path, wanted)
    edges = {(file, EDGE_IMPORT, target) for target in imported}
    if role_of(path) == ROLE_TEST:
        sources = {one: where for one, where in imported.items() if role_of(where) == ROLE_SOURCE}
        edges |= {(file, EDGE_TEST, one) for one in list(named or sources)[:_FILES_A_TEST]}
        part = layers.TEST_MAP, file, _test_line(path, named, sources)
        connection.execute(INSERT_PART, part)
    connection.executemany(INSERT_EDGE, sorted(edges))


def _wanted(connection: Any, file: int) -> list[list[str]]:
    """Return what *file* asks for: for each import its attempts."""
    rows = connection.execute(
        "SELECT place, spec FROM want WHERE file = ? ORDER BY place, attempt", (file,)
    ).fetchall()
    return [[spec for _, spec in group] for _, group in groupby(rows, key=lambda row: row[0])]


def _targets(
    resolver: _Resolver, file: int, path: str, wanted: list[list[str]]
) -> tuple[dict[int, str], dict[int, str]]:
    """Return what *file* means by its name and by its imports: file → path, in order."""
    named: dict[int, str] = {}
    imported: dict[int, str] = {}
    for attempts in wanted:
        found = next(filter(None, (resolver.meant(path, spec) for spec in attempts)), [])
        kept = named if attempts[0].startswith(imports.NAMED) else imported
        kept.update((target, where) for target, where in found if target != file)
    return named, imported


def _test_line(path: str, named: dict[int, str], sources: dict[int, str]) -> str:
    kind = next((kind for kind, sign in _KINDS if sign.search(path)), "unit")
    by_import = {one: where for one, where in sources.items() if one not in named}
    told = [
        f"{', '.join([clean(one) for one in found.values()][:_FILES_A_TEST])} by {how}"
        for how, found in (("name", named), ("import", by_import))
        if found
    ]
    return f"{kind} covers {'; '.join(told)}" if told else kind


class _Resolver:
    """Finds the files that specs mean; what was looked up once is remembered."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._known: dict[str, list[_Candidate]] = {}

    def meant(self, path: str, spec: str) -> list[_Candidate]:
        """Return the files that the file at *path* means by *spec*; none where nobody can tell."""
        found = self._known.get(spec)
        if found is None:
            found = self._known[spec] = self._candidates(spec[0], spec[1:])
        sign = spec[0]
        if sign == imports.ROOTED:
            found = [one for one in found if _is_rooted(path, one[1], spec)]
        if sign in (imports.EXACT, imports.LONGEST) or len(found) < 2:
            return found
        return [min(found, key=lambda one: _distance(path, one[1]))]

    def _candidates(self, sign: str, name: str) -> list[_Candidate]:
        if sign == imports.EXACT:
            return self._rows(_OF_MODULE, (name,), 1)
        if sign == imports.LONGEST:
            return self._package(name)
        if sign == imports.NAMED:
            found = self._rows(_OF_NAME, (name,), _MOST_CANDIDATES + 1)
        else:
            end = name[:-1] + _AFTER_SLASH
            found = self._rows(_OF_MODULES, (name, end), _MOST_CANDIDATES + 1)
        return found if len(found) <= _MOST_CANDIDATES else []

    def _package(self, name: str) -> list[_Candidate]:
        for module in reversed(list(imports.prefixes(name))):
            found = self._rows(_OF_MODULE, (module,), _FILES_A_PACKAGE)
            if found:
                return found
        return []

    def _rows(self, query: str, values: tuple[str, ...], most: int) -> list[_Candidate]:
        found: list[_Candidate] = self._connection.execute(query, (*values, most)).fetchall()
        return found


def _is_rooted(path: str, found: str, spec: str) -> bool:
    """Return whether an absolute import in *path* can start from the folder *found* lies in."""
    name = spec.partition(":")[2].rstrip("/")
    before, _, _ = f"/{found}".rpartition(f"/{name}")
    root = before.lstrip("/")
    return root.rpartition("/")[2] in _ROOTS or f"{path.rpartition('/')[0]}/".startswith(f"{root}/")


def _distance(path: str, other: str) -> tuple[int, int, int, str]:
    """Order candidates: most folders in common, deepest common folder, shortest path."""
    here, there = path.split("/")[:-1], other.split("/")[:-1]
    common = 0
    for a, b in zip(here, there, strict=False):
        if a != b:
            break
        common += 1
    return -len(set(here) & set(there)), -common, len(there), other
