"""The write side: what is registered, what is owed, and who may publish.

The debt is a row, the job only a nudge: a row is written before its job is enqueued, so that a
crash in between leaves a debt that the sweep finds; the reverse would leave a job without one.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from contextlib import suppress

from rtkq import failpoints, paths
from rtkq.errors import StoreDamaged
from rtkq.records import KnownFile, Project, Stage
from rtkq.store import memories, soundness
from rtkq.store.memories import touch_verified, verified_at
from rtkq.store.memory import HEAD_DEBT
from rtkq.store.registry import Registry

__all__ = [
    "Registry",
    "forget",
    "head_debts",
    "is_untold",
    "known_among",
    "known_files",
    "mark",
    "mirrored",
    "recover",
    "register",
    "relist",
    "touch_verified",
    "unlisted",
    "verified_at",
]


def register(home: str, root: str) -> Project:
    """Enter the checkout at *root* into the registry, with an empty memory; safe to repeat."""
    try:
        project = _entered(home, root)
    except StoreDamaged:
        recover(home)
        project = _entered(home, root)
    failpoints.reach("register.before_create")
    memories.create(home, root)
    if project is None:
        raise LookupError(root)  # removed by another process in this very moment
    return project


def _entered(home: str, root: str) -> Project | None:
    with Registry(home) as registry:
        registry.add(root)
        return registry.find(root)


def forget(home: str, root: str) -> None:
    """Strike the checkout at *root* out of the registry and remove its memory."""
    # The memory first: one that is there without its row means that the registry was lost.
    memories.forget(home, root)
    with Registry(home) as registry:
        registry.remove(root)
    memories.forget(home, root)  # a watcher may have begun another one in between


def recover(home: str) -> list[str]:
    """Make a damaged registry anew from the memories there are; return their roots.

    The damaged one is kept beside it. Nothing is done to one that is whole.
    """
    file = paths.registry_file(home)
    if soundness.damage(file):
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(file + suffix, f"{file}.damaged{suffix}")
        failpoints.reach("recover.before_add")
    return relist(home)


def relist(home: str) -> list[str]:
    """Enter those memories' roots into the registry that it does not name, and return them.

    Each of them owes a look, for nobody knows what it owed.
    """
    roots = unlisted(home)
    with Registry(home) as registry:
        for root in roots:
            registry.add(root)
            registry.owe(root)
    return roots


def unlisted(home: str) -> list[str]:
    """Return the roots of memories that the registry does not name, as after its loss."""
    with Registry(home) as registry:
        keys = {paths.key(project.root) for project in registry.projects()}
    return memories.roots(home, without=keys | {paths.key(root) for root in mirrored(home)})


def mirrored(home: str) -> list[str]:
    """Return the roots of mirrors: they have memories, and no place in the registry."""
    folder = os.path.realpath(paths.mirrors_folder(home))
    return glob.glob(f"{glob.escape(folder)}/*/*/tree")


def mark(home: str, root: str, owed: Iterable[str], *, is_full: bool = False) -> int:
    """Write a debt for each of the paths *owed* and return the seq they were given.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        owed: Paths relative to *root*.
        is_full: Ask for a rebuild from nothing as well.

    Raises:
        StoreBusy: A lock outlasted the busy timeout; nothing was marked.
    """
    listed = list(owed)
    while True:
        with memories.opened(home, root) as memory:
            seq = memory.mark(listed, at_ms=memories.now_ms(), is_full=is_full)
            # A swap between opening and writing put the debt into a folder nobody reads.
            is_lost = not memories.is_current(home, root, memory)
        if not is_lost:
            break
    failpoints.reach("mark.before_owe")
    with Registry(home) as registry:
        registry.owe(root)
    return seq


def is_untold(home: str, root: str) -> bool:
    """Return whether the memory of *root* owes what the registry was never told of.

    Whoever marked it died in between, and no sweep finds it.
    """
    with memories.opened(home, root) as memory:
        is_owing = memory.is_owing()
    with Registry(home) as registry:
        project = registry.find(root)
    return is_owing and project is not None and not project.is_owing


def known_files(home: str, root: str) -> dict[str, KnownFile] | None:
    """Return what the memory of *root* believes of its files; None while it is first built."""
    with memories.opened(home, root) as memory:
        return memory.known_files() if memory.meta().stage == Stage.COMPLETE else None


def head_debts(home: str, root: str, head: str, recipe: str) -> list[str]:
    """Return the debt for a move of HEAD or of the recipe, if the memory of *root* has another."""
    with memories.opened(home, root) as memory:
        meta = memory.meta()
        is_same = (meta.git_head, meta.recipe) == (head, recipe)
        is_followed = is_same or meta.stage != Stage.COMPLETE
    return [] if is_followed else [HEAD_DEBT]


def known_among(home: str, root: str, among: Iterable[str]) -> dict[str, KnownFile] | None:
    """Return what the memory of *root* believes of the files *among*; None while first built."""
    with memories.opened(home, root) as memory:
        return memory.known_files(among) if memory.meta().stage == Stage.COMPLETE else None
