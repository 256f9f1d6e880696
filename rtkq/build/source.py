"""One file of a checkout as it was read: what the memory's rows about it are made from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rtkq.build.document import Section, sections
from rtkq.build.imports import module_of
from rtkq.build.roles import role_of
from rtkq.extract.facts import Facts
from rtkq.recall import layout
from rtkq.records import Stamp

_FILE_COLUMNS = (
    "id, path, name, content, size, mtime_ns, ctime_ns, inode, is_verified,"
    " language, skipped, role, lines, heat, module"
)
_DEFINITION_COLUMNS = (
    "file, chunk, ordinal, name, kind, line, end_line, parent, signature, is_exported"
)


def _insert(table: str, columns: str) -> str:
    places = ",".join("?" * len(columns.split(",")))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"


INSERT_FILE = _insert("file", _FILE_COLUMNS)
INSERT_DEFINITION = _insert("definition", _DEFINITION_COLUMNS)


@dataclass(frozen=True, slots=True)
class Source:
    """A file, its stat signature and the facts about its content."""

    path: str
    stamp: Stamp
    #: False while the file was too young when read for its stamp to be trusted.
    is_verified: bool
    #: Hash of the bytes; empty when they were not read.
    content: bytes
    #: Empty for a file that is listed but never searched.
    language: str
    facts: Facts
    #: What `History.heat` tells of the path.
    heat: int = 0
    #: Whether the facts were extracted now, rather than fetched.
    is_new: bool = False

    def sections(self) -> Iterator[Section]:
        """Return what the index holds of this file."""
        if self.language:
            yield from sections(self.path, self.facts)

    def file_row(self, file: int) -> tuple[Any, ...]:
        """Return the values for ``INSERT_FILE``."""
        stamp = self.stamp
        return (
            file,
            self.path,
            self.path.rpartition("/")[2].lower(),
            self.content,
            stamp.size,
            stamp.mtime_ns,
            stamp.ctime_ns,
            stamp.inode,
            self.is_verified,
            self.language,
            self.facts.skipped,
            role_of(self.path),
            self.facts.lines,
            self.heat,
            module_of(self.path, self.language),
        )

    def definition_rows(self, file: int) -> list[tuple[Any, ...]]:
        """Return the values for ``INSERT_DEFINITION``, a row a definition or member."""
        starts = [chunk.line for chunk in self.facts.chunks]
        return [
            (
                file,
                side | max(0, bisect_right(starts, one.line) - 1),
                ordinal,
                one.name,
                one.kind,
                one.line,
                one.end_line,
                one.parent,
                one.signature,
                one.is_exported,
            )
            for side, found in ((0, self.facts.definitions), (layout.MEMBERS, self.facts.members))
            for ordinal, one in enumerate(found)
        ]
