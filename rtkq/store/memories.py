"""The memories of a home: where they lie, and how each comes, is replaced and goes.

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
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress

from rtkq import failpoints, paths
from rtkq.errors import StoreDamaged, StoreError
from rtkq.store.database import private_folder, translated
from rtkq.store.memory import Memory

_SET_ASIDE = "damaged"


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
