"""The rows of one memory: its description, its debts, what is believed of its files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rtkq.errors import LeaseLost, StoreDamaged
from rtkq.records import KnownFile, Stage, Stamp
from rtkq.schema.memory import MEMORY, DebtRow, FieldRow, MetaRow
from rtkq.store.database import Database

#: The debt that stands for a move of HEAD: no file of a project can have this path.
HEAD_DEBT = ".git/HEAD"
_NAMES_A_QUERY = 500
_INSERT_DEBT = "INSERT INTO debt (path, seq, since, marked_at) VALUES (?, ?, ?, ?)"


class Memory(Database):
    """An open memory database; use it as a context manager.

    One process writes postings and files, the holder of the lease; any process may mark debts.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(os.path.join(folder, "memory.db"), MEMORY)
        self.folder = folder

    def describe(self, *, root: str, **values: Any) -> None:
        """Write the description of a new memory; what is not given starts at nothing."""
        start: dict[str, Any] = {
            "stage": Stage.EMPTY,
            "generation": 0,
            "indexed_at": 0,
            "git_head": "",
            "recipe": "",
            "fence": 0,
            "debt_seq": 0,
            "full_seq": 0,
            "most_tokens": 0,
        }
        MetaRow.insert(id=1, root=root, **(start | values)).execute()

    def meta(self) -> MetaRow:
        """Return the row that describes this memory."""
        row = MetaRow.get_or_none(MetaRow.id == 1)
        if row is None:
            raise StoreDamaged(f"{self.file} has no description", "it is rebuilt by itself")
        return row

    # -- debts ---------------------------------------------------------------------------

    def mark(self, owed: Iterable[str], *, at_ms: int, is_full: bool = False) -> int:
        """Write a debt for each of the paths *owed* and return the seq they were given.

        Args:
            owed: Paths relative to the root.
            at_ms: Now, in milliseconds since the epoch.
            is_full: Ask for a rebuild from nothing as well.
        """
        with self.atomic():
            meta = self.meta()
            seq = int(meta.debt_seq) + 1
            changes = {"debt_seq": seq} | ({"full_seq": seq} if is_full else {})
            MetaRow.update(**changes).execute()
            self.connection.executemany(
                f"{_INSERT_DEBT} ON CONFLICT (path) DO UPDATE SET seq = excluded.seq",
                [(path, seq, seq, at_ms) for path in owed],
            )
        return seq

    def take_over(self, debts: Mapping[str, tuple[int, int, int]]) -> None:
        """Write the *debts* of the memory before this one: path → seq, since, marked_at."""
        self.connection.executemany(_INSERT_DEBT, [(path, *debt) for path, debt in debts.items()])

    def debts(self) -> dict[str, int]:
        """Return what is owed: path → seq."""
        return {row.path: row.seq for row in DebtRow.select()}

    def is_owing(self, up_to_seq: int | None = None) -> bool:
        """Return whether anything is owed, or anything that was marked at or before a seq."""
        wish = self.meta().full_seq
        if up_to_seq is None:
            return bool(wish) or DebtRow.select().exists()
        return 0 < wish <= up_to_seq or DebtRow.select().where(DebtRow.since <= up_to_seq).exists()

    def clear_debts(self, paid: Mapping[str, int], *, read_at_ms: int) -> None:
        """Delete the debts *paid* (path → seq read); of those marked again the newer part stays.

        That part was marked after the debts were read, at *read_at_ms*.
        """
        self.connection.executemany(
            "DELETE FROM debt WHERE path = ? AND seq = ?", list(paid.items())
        )
        self.connection.executemany(
            "UPDATE debt SET since = ? + 1, marked_at = max(marked_at, ?) WHERE path = ?",
            [(seq, read_at_ms, path) for path, seq in paid.items()],
        )

    # -- files ---------------------------------------------------------------------------

    def known_files(self, among: Iterable[str] | None = None) -> dict[str, KnownFile]:
        """Return what is believed of all files, or of those *among* the given paths."""
        select = (
            "SELECT path, size, mtime_ns, ctime_ns, inode,"
            " is_verified AND NOT EXISTS (SELECT 1 FROM debt WHERE debt.path = file.path)"
            " FROM file"
        )
        if among is None:
            rows = self.connection.execute(select).fetchall()
        else:
            rows = _in_batches(self.connection, select + " WHERE path IN ({})", list(among))
        return {
            path: KnownFile(Stamp(size, mtime_ns, ctime_ns, inode), bool(verified))
            for path, size, mtime_ns, ctime_ns, inode, verified in rows
        }

    def verify(self, stamps: Mapping[str, Stamp]) -> None:
        """Believe the *stamps* of files whose content was found unchanged."""
        self.connection.executemany(
            "UPDATE file SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, is_verified = 1"
            " WHERE path = ?",
            [(s.size, s.mtime_ns, s.ctime_ns, s.inode, path) for path, s in stamps.items()],
        )

    # -- publishing ----------------------------------------------------------------------

    def raise_fence(self) -> int:
        """Take the next fencing token: whoever holds an older one may not publish any more."""
        with self.atomic():
            fence = int(self.meta().fence) + 1
            MetaRow.update(fence=fence).execute()
        return fence

    @contextmanager
    def publishing(self, fence: int, *, at_ms: int, git_head: str) -> Iterator[None]:
        """Publish what the block writes as the next generation, in one transaction.

        Raises:
            LeaseLost: Another worker claimed this checkout after *fence* was given out.
        """
        with self.atomic():
            self.check_fence(fence)
            yield
            MetaRow.update(
                generation=MetaRow.generation + 1, indexed_at=at_ms, git_head=git_head
            ).execute()

    @contextmanager
    def confirming(self, fence: int) -> Iterator[None]:
        """Write what makes no new generation, in one transaction: nothing readers can see.

        Raises:
            LeaseLost: Another worker claimed this checkout after *fence* was given out.
        """
        with self.atomic():
            self.check_fence(fence)
            yield

    def check_fence(self, fence: int) -> None:
        """Raise LeaseLost unless *fence* is the newest token."""
        newest = self.meta().fence
        if newest != fence:
            raise LeaseLost(
                f"publishing to {self.file} was refused: token {fence}, newest {newest}"
            )

    def totals(self) -> dict[int, FieldRow]:
        """Return the totals of each field of the index."""
        return {row.field: row for row in FieldRow.select()}

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database, so that readers stay fast."""
        self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _in_batches(connection: Any, select: str, names: list[str]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(names), _NAMES_A_QUERY):
        batch = names[start : start + _NAMES_A_QUERY]
        found += connection.execute(select.format(",".join("?" * len(batch))), batch).fetchall()
    return found
