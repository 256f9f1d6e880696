"""A first memory from a sibling: worktrees of one repository hold nearly the same files.

The memory of another worktree is copied and compared, file by file and by content, with what
lies in this one. What differs, and a HEAD elsewhere, becomes debts of the copy, and they are paid
like any others: so the way from a seed to a right memory is the one that every edit takes.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rtkq import git
from rtkq.build import overview
from rtkq.build.recipe import recipe_of
from rtkq.errors import RtkqError
from rtkq.records import Stage
from rtkq.repository import Wishes
from rtkq.store import Registry, copy, memories, swap, touch_verified
from rtkq.store.memory import HEAD_DEBT, Memory
from rtkq_workers.checkout import scan
from rtkq_workers.rebuild import reading
from rtkq_workers.rebuild.claim import Claim

_log = logging.getLogger(__name__)

#: If that many siblings have no memory to give, another one will hardly have one.
_MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class _Seed:
    """The memory of a sibling, in a new folder, with the stamps of this checkout's files."""

    folder: str
    #: The commit that the copied memory follows.
    git_head: str
    #: Paths that differ from it here, with the debt for a move of HEAD.
    owed: list[str]
    files: int


def plant(claim: Claim, memory: Memory, debts: Mapping[str, int]) -> bool:
    """Publish what another worktree's memory has right for this one; the rest stays owed.

    Returns:
        Whether there was one.
    """
    began_at = time.time()
    found = _from_sibling(claim.home, claim.root, claim.wishes)
    if found is None:
        return False
    claim.tell(found.files, found.files + len(found.owed))
    claim.supersede(
        memory,
        found.folder,
        paid=debts,
        full_seq=0,
        owed=found.owed,
        stage=Stage.COMPLETE,
        git_head=found.git_head,
    )
    touch_verified(claim.home, claim.root, began_at)
    return True


def _from_sibling(home: str, root: str, wishes: Wishes) -> _Seed | None:
    """Return a memory for the worktree at *root* that another worktree's was copied to.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        wishes: What the repository asks for; the sibling's memory must have heeded the same.

    Returns:
        None where no other worktree of the repository has a whole memory of this version.

    Raises:
        FileNotFoundError: *root* is gone.
    """
    for sibling in _siblings(home, root):
        folder = memories.new_folder(home, root)
        try:
            if copy.copy_whole(home, sibling, folder, recipe=recipe_of(wishes)):
                return _compared(root, folder, wishes)
        except RtkqError as error:
            _log.info("the memory of %s is no seed for %s: %s", sibling, root, error)
        shutil.rmtree(folder, ignore_errors=True)
    return None


def _siblings(home: str, root: str) -> list[str]:
    """Return registered worktrees of the same repository; those at the same commit first."""
    listed = git.worktrees(root)
    if len(listed) < 2:
        return []
    roots = {os.path.realpath(path): head for path, head in listed}
    here = roots.pop(root, None)
    with Registry(home) as registry:
        known = [path for path in roots if registry.find(path) is not None]
    return sorted(known, key=lambda path: roots[path] != here)[:_MOST_TRIES]


def _compared(root: str, folder: str, wishes: Wishes) -> _Seed:
    """Bring the copy in *folder* in line with the files at *root* as far as they are the same."""
    with swap.beside(folder) as memory:
        head = copy.strip(memory)
        same, owed = _compare(root, memory, wishes)
        memory.connection.executemany(
            "UPDATE file SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, is_verified = ?"
            " WHERE id = ?",
            same,
        )
        overview.write_tally(memory.connection, rebuilt=0)
    if head != git.tip(root):
        owed.append(HEAD_DEBT)
    return _Seed(folder, head, owed, len(same))


def _compare(root: str, memory: Memory, wishes: Wishes) -> tuple[list[tuple[int, ...]], list[str]]:
    """Return the stamps of the files that are the same, by number, and the paths that differ."""
    rows = memory.connection.execute("SELECT path, id, content, language, size, skipped FROM file")
    believed = {path: rest for path, *rest in rows}
    same: list[tuple[int, ...]] = []
    owed = []
    for one in _looked_at(root, wishes):
        number, content, language, size, skipped = believed.pop(one.path, (0, b"", "", 0, ""))
        # With a hash but unread it was replaced in that moment: nothing is known of the hash.
        is_known = skipped != "unread" if content else size == one.stamp.size
        if number and is_known and (content, language) == (one.content, one.language):
            stamp = one.stamp
            signature = stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode
            same.append((*signature, int(one.is_verified), int(number)))
        else:
            owed.append(one.path)
    return same, owed + sorted(believed)


def _looked_at(root: str, wishes: Wishes) -> Iterator[reading.Read]:
    for path in sorted(scan.survey(root)):
        found = reading.read(root, path, wishes.extract.languages)
        if found is not None:
            yield found
