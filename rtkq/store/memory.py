"""The memory of one checkout: its folder, its debts, and the write side of its rows.

States of a memory, and who moves it on:

    (none) --create--> empty --swap--> paths --swap--> complete
       ^                 |                                ^ |  publish (in place), swap (in bulk)
       |                 +-------swap (from a sibling)----+ v
       +---- set_aside (damaged, foreign version) <--- complete
       +---- forget (the user's wish)

``memory`` is a symbolic link to the current folder, so that a reader finds either the old state
or the new one and a swap has no moment in between. In every state debts can be marked: a memory
that holds nothing else holds them. A database is never moved without its ``-wal`` and ``-shm``:
only whole folders change their names.
"""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from typing import Any

from rtkq import failpoints, paths
from rtkq.errors import LeaseLost, StoreDamaged, StoreError
from rtkq.records import KnownFile, Stage, Stamp
from rtkq.schema import MEMORY, DebtRow, FieldRow, MetaRow
from rtkq.store.database import Database, private_folder, translated

_NAMES_A_QUERY = 500
_INSERT_DEBT = "INSERT INTO debt (path, seq, since, marked_at) VALUES (?, ?, ?, ?)"
_SET_ASIDE = "damaged"


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


# -- the folder --------------------------------------------------------------------------


def create(home: str, root: str) -> None:
    """Make an empty memory for the checkout at *root*, if there is none."""
    private_folder(paths.checkout(home, root))
    link = paths.memory_link(home, root)
    while not os.path.exists(paths.memory_file(home, root)):
        folder = new_folder(home, root)
        _initialise(folder, root)
        failpoints.reach("create.before_link")
        if os.path.islink(link):
            os.unlink(link)  # what it named was deleted by somebody else
        try:
            # Without replacing: of two processes creating at once one wins, and no debt that
            # was marked in the winner's memory can be hidden by the loser's.
            os.symlink(os.path.basename(folder), link)
        except FileExistsError:
            shutil.rmtree(folder, ignore_errors=True)


def new_folder(home: str, root: str) -> str:
    """Return a fresh folder for a memory that is not current yet."""
    folder = f"{paths.memory_link(home, root)}.{secrets.token_hex(4)}"
    private_folder(folder)
    return folder


def _initialise(folder: str, root: str) -> None:
    with Memory(folder) as memory:
        memory.describe(root=root)


@contextmanager
def opened(home: str, root: str) -> Iterator[Memory]:
    """Open the current memory of *root*, making an empty one where none can be used.

    A damaged memory, or one of a version this program does not know, is set aside first.
    """
    try:
        memory = _open_current(home, root)
    except StoreDamaged:
        set_aside(home, root)
        memory = _open_current(home, root)
    try:
        with memory:
            yield memory
    except StoreDamaged:
        # Damage deep inside shows when it is read; the next try starts from an empty memory.
        if is_current(home, root, memory):
            set_aside(home, root)
        raise


def _open_current(home: str, root: str) -> Memory:
    create(home, root)
    memory = Memory(os.path.realpath(paths.memory_link(home, root)))
    with translated(memory.file):
        owner = memory.connection.execute("SELECT root FROM meta").fetchone()
    if owner != (root,):
        memory.close()
        raise StoreDamaged(f"{memory.file} belongs to another checkout", "it is rebuilt by itself")
    return memory


def is_current(home: str, root: str, memory: Memory) -> bool:
    """Return whether *memory* is still the one readers find."""
    return os.path.realpath(paths.memory_link(home, root)) == memory.folder


@contextmanager
def beside(folder: str) -> Iterator[Memory]:
    """Open a memory that no reader knows yet, for writing it as a whole.

    Without journal and syncing, for until it is swapped in a crash loses nothing but work; when
    the block ends, it is on the disk. When the block fails, the folder is gone.
    """
    with _gone_on_failure(folder), Memory(folder) as memory:
        connection = memory.connection
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
        with memory.atomic():
            yield memory
        connection.execute("PRAGMA journal_mode = wal")
    _sync(memory.file)


@contextmanager
def _gone_on_failure(folder: str) -> Iterator[None]:
    # What has filled a disk must not stay there.
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _sync(file: str) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def supersede(
    home: str,
    current: Memory,
    folder: str,
    *,
    fence: int,
    paid: Mapping[str, int],
    read_at_ms: int,
    full_seq: int,
    owed: Iterable[str] = (),
    **description: Any,
) -> None:
    """Make the memory in *folder* the current one, carrying over what is still owed.

    Args:
        home: Folder for everything rtkq stores.
        current: The memory readers find now.
        folder: A memory written by `beside`.
        fence: The token of the caller's lease.
        paid: Debts that the new memory has paid: path → seq read.
        read_at_ms: When they were read: what was marked again of them was marked later.
        full_seq: The wish for a rebuild from nothing that it fulfils; 0 for none.
        owed: Paths that the new memory owes from its beginning, whoever waits for whichever seq.
        description: stage, git_head, recipe and most_tokens of the new memory.

    Raises:
        LeaseLost: Another worker claimed this checkout meanwhile.
    """
    # Under the write lock of the current memory: a debt marked after this waits for it, then
    # finds itself in a memory that is not current and is marked again.
    with current.atomic():
        current.check_fence(fence)
        meta = current.meta()
        debts = _carried_over(paid, read_at_ms)
        for path in owed:
            seq, _, marked_at = debts.get(path, (meta.debt_seq, 0, now_ms()))
            debts[path] = seq, 0, marked_at
        with _gone_on_failure(folder), Memory(folder) as fresh, fresh.atomic():
            fresh.describe(
                root=meta.root,
                generation=meta.generation + 1,
                indexed_at=now_ms(),
                fence=fence,
                debt_seq=meta.debt_seq,
                full_seq=0 if meta.full_seq <= full_seq else meta.full_seq,
                **description,
            )
            fresh.connection.executemany(
                _INSERT_DEBT, [(path, *debt) for path, debt in debts.items()]
            )
        failpoints.reach("supersede.before_link")
        _point_link(home, meta.root, folder)
        failpoints.reach("supersede.after_link")
    # The one before stays for readers that hold it open.
    _remove_superseded(home, meta.root, keep=(current.folder, folder))


def _carried_over(paid: Mapping[str, int], read_at_ms: int) -> dict[str, tuple[int, int, int]]:
    """Return the debts that stay: path → seq, since, marked_at; the newer part of those *paid*."""
    debts: dict[str, tuple[int, int, int]] = {}
    for row in DebtRow.select():
        if row.path not in paid:
            debts[row.path] = row.seq, row.since, row.marked_at
        elif paid[row.path] != row.seq:
            debts[row.path] = row.seq, paid[row.path] + 1, max(row.marked_at, read_at_ms)
    return debts


def _point_link(home: str, root: str, folder: str) -> None:
    link = paths.memory_link(home, root)
    fresh = f"{link}.link-{secrets.token_hex(4)}"
    os.symlink(os.path.basename(folder), fresh)
    os.replace(fresh, link)


def _remove_superseded(home: str, root: str, keep: tuple[str, ...]) -> None:
    kept = {os.path.basename(folder) for folder in keep} | {"memory"}
    folder = paths.checkout(home, root)
    for name in os.listdir(folder):
        if name.startswith("memory.") and name not in kept:
            remove(os.path.join(folder, name))


def remove(path: str) -> None:
    """Delete a memory that is no longer current, or the link a killed swap left."""
    if os.path.islink(path):
        os.unlink(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def roots(home: str, *, without: Set[str] = frozenset()) -> list[str]:
    """Return the roots of all checkouts that have a memory which can be read, in order.

    Args:
        home: Folder for everything rtkq stores.
        without: Keys of checkouts that are left out.
    """
    found = []
    for file in glob.glob(f"{glob.escape(home)}/checkouts/*/memory/memory.db"):
        if file.split("/")[-3] in without:
            continue
        with suppress(StoreError), Memory(os.path.dirname(file)) as memory:
            root = str(memory.meta().root)
            if paths.memory_file(home, root) == file:
                found.append(root)
    return sorted(found)


def set_aside(home: str, root: str) -> None:
    """Move a memory that cannot be used out of the way, keeping it for inspection."""
    link = paths.memory_link(home, root)
    folder = os.path.realpath(link)
    aside = f"{paths.checkout(home, root)}/{_SET_ASIDE}"
    with suppress(FileNotFoundError):
        os.unlink(link)
    shutil.rmtree(aside, ignore_errors=True)
    failpoints.reach("set_aside.before_rename")
    with suppress(FileNotFoundError):
        os.rename(folder, aside)


def forget(home: str, root: str) -> None:
    """Remove everything stored for the checkout at *root*, in one step for readers."""
    folder = paths.checkout(home, root)
    doomed = f"{folder}.{secrets.token_hex(4)}.forgotten"
    with suppress(FileNotFoundError):
        os.rename(folder, doomed)
        failpoints.reach("forget.before_remove")
        shutil.rmtree(doomed, ignore_errors=True)


#: The debt that stands for a move of HEAD: no file of a project can have this path.
HEAD_DEBT = ".git/HEAD"


def touch_verified(home: str, root: str, at: float | None = None) -> None:
    """Note that the memory of *root* was compared with the disk.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        at: When the disk was looked at, in seconds since the epoch; now when omitted.
    """
    file = paths.verified_file(home, root)
    with open(file, "ab"):
        os.utime(file, None if at is None else (at, at))


def verified_at(home: str, root: str) -> float:
    """Return when the memory was last compared with the disk; seconds since the epoch, or 0."""
    try:
        return os.stat(paths.verified_file(home, root)).st_mtime
    except FileNotFoundError:
        return 0.0


def now_ms() -> int:
    """Return the wall clock in milliseconds since the epoch, for stored instants only."""
    return time.time_ns() // 1_000_000
