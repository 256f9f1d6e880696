"""Copying the memory of one checkout as the beginning of another one's."""

from __future__ import annotations

import os

from rtkq import paths
from rtkq.errors import StoreDamaged
from rtkq.records import Stage
from rtkq.schema.memory import MetaRow
from rtkq.store.database import translated
from rtkq.store.memory import Memory


def copy_whole(home: str, root: str, folder: str, *, recipe: str) -> bool:
    """Copy the memory of the checkout at *root* into *folder*, as one published state of it.

    Others may read and publish meanwhile.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        folder: A new one, where no memory is yet.
        recipe: What the memory must have been computed by.

    Returns:
        Whether there was one to copy: whole, of this recipe, not about to be built anew.

    Raises:
        StoreDamaged: It is damaged, or not the memory of *root*.
    """
    file = paths.memory_file(home, root)
    if not os.path.exists(file):
        return False
    source = Memory(os.path.dirname(os.path.realpath(file)))
    try:
        with translated(file):
            found = source.connection.execute(
                "SELECT root, stage, recipe, full_seq FROM meta"
            ).fetchone()
            if found is None or found[0] != root:
                raise StoreDamaged(f"{file} is not the memory of {root}", "it is rebuilt by itself")
            if found[1:] != (Stage.COMPLETE, recipe, 0):
                return False
            _copy(source, folder)
    finally:
        source.close()
    return True


def copy_open(source: Memory, folder: str) -> None:
    """Copy *source* into *folder*, a new one, as it was published last."""
    copy = Memory(folder)
    try:
        source.connection.backup(copy.connection)
    finally:
        copy.close()


def _copy(source: Memory, folder: str) -> None:
    copy_open(source, folder)
    copy = Memory(folder)
    try:
        # What is damaged deep inside would be copied as it is, and be met again and again.
        verdict = copy.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    finally:
        copy.close()
    if verdict != "ok":
        raise StoreDamaged(f"{source.file} is damaged: {verdict}", "it is rebuilt by itself")


def strip(memory: Memory) -> str:
    """Take what is about the copied checkout alone out of a copy; return the commit it was at."""
    head = str(memory.meta().git_head)
    MetaRow.delete().execute()
    memory.connection.execute("DELETE FROM debt")
    return head
