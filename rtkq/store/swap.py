"""Replacing a memory as a whole: written where no reader sees it, then swapped in.

Readers keep the old one until the new one is on the disk, and no write lock is held for long.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rtkq import failpoints, paths
from rtkq.schema.memory import DebtRow
from rtkq.store.memories import now_ms, remove
from rtkq.store.memory import Memory


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
            fresh.take_over(debts)
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
