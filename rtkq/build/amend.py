"""Changing a memory in place: the rows of a few files, and the lists their terms stand in.

The result equals what `assemble` gives for the same files. Where it could not, because the step
of a mean length changed, `prepare` says so and everything is assembled instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rtkq.build.impact import Scale, Totals
from rtkq.build.postings import PostingList, limited
from rtkq.build.project_map import KIND, project_map
from rtkq.build.source import INSERT_DEFINITION, INSERT_FILE, Source
from rtkq.recall import layout
from rtkq.store.memory import Memory

_TERMS_A_QUERY = 400

_Place = tuple[str, int]  # term, field


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; None where it does not exist."""

    file: int
    before: Source | None
    after: Source | None


class Amendment:
    """Computed changes, ready to be written within a short transaction."""

    def __init__(self, changes: Sequence[Change], totals: dict[int, Totals]) -> None:
        self._changes = changes
        self._totals = totals
        self._lists: dict[_Place, PostingList] = {}

    def write(self, memory: Memory) -> None:
        """Write everything; call within the publishing transaction."""
        connection = memory.connection
        self._write_files(connection)
        self._write_lists(connection)
        connection.executemany(
            "UPDATE field SET documents = ?, total_length = ? WHERE field = ?",
            [(one.documents, one.length, field) for field, one in self._totals.items()],
        )
        if any(change.before is None or change.after is None for change in self._changes):
            _rewrite_map(connection)

    def _write_files(self, connection: Any) -> None:
        files = [(change.file,) for change in self._changes]
        connection.executemany("DELETE FROM definition WHERE file = ?", files)
        connection.executemany("DELETE FROM file WHERE id = ?", files)
        for change in self._changes:
            if change.after is not None:
                connection.execute(INSERT_FILE, change.after.file_row(change.file))
                connection.executemany(INSERT_DEFINITION, change.after.definition_rows(change.file))

    def _write_lists(self, connection: Any) -> None:
        postings, tails, without_tail, empty = [], [], [], []
        for (term, field), found in sorted(self._lists.items()):
            head, tail = found.packed()
            if found:
                postings.append((term, field, len(found), head))
            else:
                empty.append((term, field))
            if tail:
                tails.append((term, field, tail))
            else:
                without_tail.append((term, field))
        connection.executemany("DELETE FROM posting WHERE term = ? AND field = ?", empty)
        connection.executemany("DELETE FROM tail WHERE term = ? AND field = ?", without_tail)
        connection.executemany(
            "INSERT OR REPLACE INTO posting (term, field, df, head) VALUES (?, ?, ?, ?)", postings
        )
        connection.executemany(
            "INSERT OR REPLACE INTO tail (term, field, tail) VALUES (?, ?, ?)", tails
        )

    def load_lists(self, memory: Memory, edits: Iterable[_Place]) -> dict[_Place, PostingList]:
        """Read the lists that will change; those that do not exist yet start empty."""
        wanted = set(edits)
        terms = sorted({term for term, _ in wanted})
        for start in range(0, len(terms), _TERMS_A_QUERY):
            batch = terms[start : start + _TERMS_A_QUERY]
            rows = memory.connection.execute(
                "SELECT term, field, head, coalesce(tail, x'') FROM posting"
                " LEFT JOIN tail USING (term, field)"
                f" WHERE term IN ({','.join('?' * len(batch))})",
                batch,
            )
            for term, field, head, tail in rows:
                if (term, field) in wanted:
                    self._lists[term, field] = PostingList.unpacked(head, tail)
        for place in wanted:
            self._lists.setdefault(place, PostingList.unpacked(b"", b""))
        return self._lists


def prepare(memory: Memory, changes: Sequence[Change]) -> Amendment | None:
    """Return what must be written for *changes*, or None where all must be assembled anew."""
    steps = {field: row.step for field, row in memory.totals().items()}
    totals = _totals_after(memory, changes)
    if any(one.step != steps[field] for field, one in totals.items()):
        return None
    scales = {field: Scale(field, step) for field, step in steps.items()}
    gone: dict[_Place, set[int]] = {}
    come: dict[_Place, dict[int, int]] = {}
    for change in changes:
        before = _impacts(change.file, change.before, scales)
        after = _impacts(change.file, change.after, scales)
        for place, document, _ in before - after:
            gone.setdefault(place, set()).add(document)
        for place, document, impact in after - before:
            come.setdefault(place, {})[document] = impact
    amendment = Amendment(changes, totals)
    lists = amendment.load_lists(memory, gone.keys() | come.keys())
    _edit(lists, gone, come, _paths(memory, changes))
    return amendment


def _totals_after(memory: Memory, changes: Sequence[Change]) -> dict[int, Totals]:
    totals = {
        field: Totals(row.documents, row.total_length) for field, row in memory.totals().items()
    }
    for change in changes:
        for source, sign in ((change.before, -1), (change.after, 1)):
            for section in source.sections() if source else ():
                known = totals[section.field]
                totals[section.field] = known.plus(sign, sign * section.length)
    return totals


def _impacts(
    file: int, source: Source | None, scales: dict[int, Scale]
) -> set[tuple[_Place, int, int]]:
    found = set()
    for section in source.sections() if source else ():
        length, counts = limited(section)
        scale = scales[section.field]
        document = section.number(file)
        for term, count in counts.items():
            found.add(((term, section.field), document, scale.impact(count, length)))
    return found


def _edit(
    lists: dict[_Place, PostingList],
    gone: dict[_Place, set[int]],
    come: dict[_Place, dict[int, int]],
    paths: dict[int, str],
) -> None:
    def rank_of_chunk(document: int) -> tuple[str, int]:
        return paths[document >> layout.CHUNK_BITS], document

    def rank_of_file(document: int) -> tuple[str, int]:
        return paths[document], 0

    for place, documents in gone.items():
        for document in documents:
            lists[place].remove(document)
    for place, impacts in come.items():
        rank = rank_of_chunk if place[1] == layout.CHUNK else rank_of_file
        for document, impact in impacts.items():
            lists[place].insert(document, impact, rank)


def _paths(memory: Memory, changes: Sequence[Change]) -> dict[int, str]:
    rows = memory.connection.execute("SELECT id, path FROM file")
    paths = dict(rows)
    for change in changes:
        if change.after is not None:
            paths[change.file] = change.after.path
    return paths


def _rewrite_map(connection: Any) -> None:
    rows = connection.execute("SELECT path, role FROM file WHERE language != ''").fetchall()
    connection.execute("UPDATE layer SET text = ? WHERE kind = ?", (project_map(rows), KIND))
