"""Building a memory from nothing, file by file in order of path."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice

from rtkq.build import edges, overview
from rtkq.build.history import INSERT_COMMIT, History, commit_row, commit_section
from rtkq.build.parts import INSERT_PART, part_rows
from rtkq.build.postings import INSERT_POSTING, INSERT_TAIL, Index, Rows
from rtkq.build.source import INSERT_DEFINITION, INSERT_FILE, Source
from rtkq.store.memory import Memory

_TERMS_A_BATCH = 1000


class Assembly:
    """The rows of a new memory, in a folder no reader knows yet.

    Everything happens in the transaction of the caller, who swaps the folder in at the end.
    """

    def __init__(self, memory: Memory, history: History) -> None:
        self._connection = memory.connection
        self._history = history
        self._index = Index()
        self._files = 0
        self._new_files = 0
        self._last_path = ""

    def add(self, source: Source) -> None:
        """Enter one file; paths must come in order, for file numbers follow them."""
        path = source.path
        if path <= self._last_path:
            raise ValueError(f"{path} after {self._last_path}")
        self._last_path = path
        self._files += 1
        self._new_files += source.is_new
        heat = self._history.heat(path) if source.language else 0
        if heat != source.heat:
            source = replace(source, heat=heat)
        self._connection.execute(INSERT_FILE, source.file_row(self._files))
        self._connection.executemany(INSERT_DEFINITION, source.definition_rows(self._files))
        self._connection.executemany(INSERT_PART, part_rows(self._files, source))
        self._connection.executemany(edges.INSERT_WANT, edges.want_rows(self._files, source))
        if source.language:
            past = self._history.section(path)
            self._index.add(self._files, chain(source.sections(), past))

    def finish(self) -> None:
        """Write what depends on all files together, and the commits."""
        # Newest first, as the order of equal impacts wants it.
        commits = sorted(self._history.commits.items(), key=lambda item: (-item[1].at, item[0]))
        for number, (name, one) in enumerate(commits, 1):
            self._connection.execute(INSERT_COMMIT, commit_row(number, name, one))
            self._index.add(number, [commit_section(one)])
        self._write_lists()
        self._connection.executemany(
            "INSERT INTO field (field, documents, total_length, step) VALUES (?, ?, ?, ?)",
            [
                (field, totals.documents, totals.length, totals.step)
                for field, totals in self._index.totals.items()
            ],
        )
        edges.link(self._connection)
        overview.write_files(self._connection)
        overview.write_history(self._connection)
        overview.write_tally(self._connection, rebuilt=self._new_files)

    def _write_lists(self) -> None:
        lists = self._index.lists()
        while batch := list(islice(lists, _TERMS_A_BATCH)):
            rows = Rows()
            for term, found in batch:
                rows.add(term, found)
            self._connection.executemany(INSERT_POSTING, rows.postings)
            self._connection.executemany(INSERT_TAIL, rows.tails)
