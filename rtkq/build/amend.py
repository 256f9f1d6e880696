"""Changing a memory in place: the rows of a few files, and the lists their terms stand in.

The result equals what `assemble` gives for the same files and commits. Where it could not,
because the step of a mean length changed, `prepare` says so and everything is assembled instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from rtkq.build import edges, overview
from rtkq.build.document import Section
from rtkq.build.history import INSERT_COMMIT, Commit, History, commit_row, commit_section
from rtkq.build.impact import Scale, Totals
from rtkq.build.parts import DELETE_PARTS, INSERT_PART, part_rows
from rtkq.build.postings import INSERT_POSTING, INSERT_TAIL, PostingList, Rows, limited
from rtkq.build.source import INSERT_DEFINITION, INSERT_FILE, Source
from rtkq.recall import layout
from rtkq.store.memory import Memory

_TERMS_A_QUERY = 400
#: More files than this cannot be linked anew within a short transaction.
_MOST_ASKERS = 1000

_Place = tuple[str, int]  # term, field
_Rank = tuple[str | int, str | int]


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; None where it does not exist."""

    file: int
    before: Source | None
    after: Source | None


def _come_or_gone(change: Change) -> list[Source]:
    """Return what imports find from now on, or find no more."""
    sources = [one for one in (change.before, change.after) if one is not None]
    languages = {one.language for one in sources}
    return sources if len(sources) == 1 or len(languages) == 2 else []


@dataclass(frozen=True, slots=True)
class Past:
    """How the commits that count changed, as far as the paths concerned go."""

    #: What was and what is told of those paths.
    before: History = field(default_factory=lambda: History({}))
    after: History = field(default_factory=lambda: History({}))
    #: Commits by number that no longer count, and that count from now on (with their names).
    gone: Mapping[int, Commit] = field(default_factory=dict)
    come: Mapping[int, tuple[str, Commit]] = field(default_factory=dict)
    #: Files that did not change themselves, but what commits tell of them did: path → number.
    retold: Mapping[str, int] = field(default_factory=dict)


class Amendment:
    """Computed changes, ready to be written within a short transaction."""

    def __init__(
        self,
        changes: Sequence[Change],
        past: Past,
        totals: dict[int, Totals],
        lists: Mapping[_Place, PostingList],
        changed: set[_Place],
        askers: set[int],
    ) -> None:
        self._changes = changes
        self._askers = askers
        self._past = past
        self._totals = totals
        # Packed before the transaction begins, which keeps others from writing.
        self._rows = _packed(lists)
        shared = {(term, layout.SHORT_LISTS) for term, _ in lists}
        self._gone = sorted((changed | shared) - {row[:2] for row in self._rows.postings})
        self._without_tail = sorted(changed - {row[:2] for row in self._rows.tails})
        #: How many posting lists change: what most of the writing is about.
        self.lists = len(changed)

    def write(self, memory: Memory) -> None:
        """Write everything; call within the publishing transaction."""
        connection = memory.connection
        self._write_files(connection)
        edges.link(connection, self._askers | {change.file for change in self._changes})
        self._write_past(connection)
        self._write_lists(connection)
        connection.executemany(
            "UPDATE field SET documents = ?, total_length = ? WHERE field = ?",
            [(one.documents, one.length, field) for field, one in self._totals.items()],
        )
        if any(map(_come_or_gone, self._changes)):
            overview.write_files(connection)
        if self._past.come or self._past.gone:
            overview.write_history(connection)
        files = [change.after for change in self._changes if change.after is not None]
        overview.write_tally(connection, rebuilt=sum(one.is_new for one in files))

    def _write_files(self, connection: Any) -> None:
        files = [(change.file,) for change in self._changes]
        connection.executemany("DELETE FROM definition WHERE file = ?", files)
        connection.executemany("DELETE FROM file WHERE id = ?", files)
        connection.executemany(DELETE_PARTS, files)
        connection.executemany("DELETE FROM want WHERE file = ?", files)
        for change in self._changes:
            if change.after is not None:
                connection.execute(INSERT_FILE, change.after.file_row(change.file))
                connection.executemany(INSERT_DEFINITION, change.after.definition_rows(change.file))
                connection.executemany(INSERT_PART, part_rows(change.file, change.after))
                connection.executemany(
                    edges.INSERT_WANT, edges.want_rows(change.file, change.after)
                )

    def _write_past(self, connection: Any) -> None:
        past = self._past
        connection.executemany(
            "DELETE FROM history WHERE id = ?", [(number,) for number in past.gone]
        )
        connection.executemany(
            INSERT_COMMIT,
            [commit_row(number, name, one) for number, (name, one) in past.come.items()],
        )
        connection.executemany(
            "UPDATE file SET heat = ? WHERE id = ?",
            [(past.after.heat(path), file) for path, file in past.retold.items()],
        )

    def _write_lists(self, connection: Any) -> None:
        connection.executemany("DELETE FROM posting WHERE term = ? AND field = ?", self._gone)
        connection.executemany("DELETE FROM tail WHERE term = ? AND field = ?", self._without_tail)
        connection.executemany(INSERT_POSTING, self._rows.postings)
        connection.executemany(INSERT_TAIL, self._rows.tails)


def _packed(lists: Mapping[_Place, PostingList]) -> Rows:
    rows = Rows()
    for term, places in groupby(sorted(lists), key=itemgetter(0)):
        found = [(field, lists[term, field]) for _, field in places]
        rows.add(term, [one.packed(field) for field, one in found if one])
    return rows


def prepare(memory: Memory, changes: Sequence[Change], past: Past) -> Amendment | None:
    """Return what must be written for *changes*, or None where all must be assembled anew."""
    before = list(chain(_sections_of_files(changes, past, is_after=False), _commits(past.gone)))
    come = {number: one for number, (_, one) in past.come.items()}
    after = list(chain(_sections_of_files(changes, past, is_after=True), _commits(come)))
    rows = memory.totals()
    totals = {number: Totals(row.documents, row.total_length) for number, row in rows.items()}
    for sections, sign in ((before, -1), (after, 1)):
        for _, section in sections:
            totals[section.field] = totals[section.field].plus(sign, sign * section.length)
    if any(one.step != rows[number].step for number, one in totals.items()):
        return None
    come_or_gone = chain.from_iterable(map(_come_or_gone, changes))
    askers = edges.askers(memory.connection, come_or_gone)
    if len(askers) > _MOST_ASKERS:
        return None
    scales = {number: Scale(number, row.step) for number, row in rows.items()}
    was, is_now = _impacts(before, scales), _impacts(after, scales)
    gone, added = was - is_now, is_now - was
    changed = {place for place, _, _ in gone | added}
    lists = _load_lists(memory, changed)
    _edit(lists, gone, added, _ranks(memory, changes, past))
    return Amendment(changes, past, totals, lists, changed, askers)


def _sections_of_files(
    changes: Sequence[Change], past: Past, *, is_after: bool
) -> Iterator[tuple[int, Section]]:
    history = past.after if is_after else past.before
    for change in changes:
        source = change.after if is_after else change.before
        if source is not None and source.language:
            for section in chain(source.sections(), history.section(source.path)):
                yield change.file, section
    for path, file in past.retold.items():
        for section in history.section(path):
            yield file, section


def _commits(commits: Mapping[int, Commit]) -> Iterator[tuple[int, Section]]:
    for number, one in commits.items():
        yield number, commit_section(one)


def _impacts(
    sections: Iterable[tuple[int, Section]], scales: dict[int, Scale]
) -> set[tuple[_Place, int, int]]:
    found = set()
    for number, section in sections:
        length, counts = limited(section)
        scale = scales[section.field]
        document = section.number(number)
        for term, count in counts.items():
            found.add(((term, section.field), document, scale.impact(count, length)))
    return found


def _load_lists(memory: Memory, wanted: set[_Place]) -> dict[_Place, PostingList]:
    """Read the lists *wanted*, which start empty where there are none, and what shares a row."""
    lists = {place: PostingList.unpacked(b"") for place in wanted}
    terms = sorted({term for term, _ in wanted})
    for start in range(0, len(terms), _TERMS_A_QUERY):
        batch = terms[start : start + _TERMS_A_QUERY]
        rows = memory.connection.execute(
            "SELECT term, field, head, coalesce(tail, x'') FROM posting"
            " LEFT JOIN tail USING (term, field)"
            f" WHERE term IN ({','.join('?' * len(batch))})",
            batch,
        )
        for term, number, head, tail in rows:
            if number == layout.SHORT_LISTS:
                for short, _, packed in layout.unpack_short(head):
                    lists[term, short] = PostingList.unpacked(packed)
            elif (term, number) in wanted:
                lists[term, number] = PostingList.unpacked(head, tail)
    return lists


def _edit(
    lists: dict[_Place, PostingList],
    gone: Iterable[tuple[_Place, int, int]],
    added: Iterable[tuple[_Place, int, int]],
    ranks: _Ranks,
) -> None:
    for place, document, _ in gone:
        lists[place].remove(document)
    for place, document, impact in added:
        lists[place].insert(document, impact, ranks.of_field(place[1]))


class _Ranks:
    """The order of documents with equal impacts, by field."""

    def __init__(self, paths: dict[int, str], commits: dict[int, tuple[int, str]]) -> None:
        self._paths = paths
        self._commits = commits

    def of_field(self, number: int) -> Any:
        return {layout.CHUNK: self._of_chunk, layout.COMMIT: self._of_commit}.get(
            layout.kind_of(number), self._of_file
        )

    def _of_file(self, document: int) -> _Rank:
        return self._paths[document], 0

    def _of_chunk(self, document: int) -> _Rank:
        return self._paths[document >> layout.CHUNK_BITS], document

    def _of_commit(self, document: int) -> _Rank:
        at, name = self._commits[document]
        return -at, name


def _ranks(memory: Memory, changes: Sequence[Change], past: Past) -> _Ranks:
    paths = dict(memory.connection.execute("SELECT id, path FROM file"))
    for change in changes:
        if change.after is not None:
            paths[change.file] = change.after.path
    commits = {}
    if past.come or past.gone:
        rows = memory.connection.execute("SELECT id, at, name FROM history")
        commits = {number: (at, name.hex()) for number, at, name in rows}
        commits |= {number: (one.at, name) for number, (name, one) in past.come.items()}
    return _Ranks(paths, commits)
