"""Which projects are forgotten, and why: their files are gone, or nobody wants their memory.

Forgetting costs a build at the next use and nothing else; a project that is merely out of sight
waits, for its disk may be back tomorrow.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress

from rtkq import paths, store
from rtkq.config import PruneSettings
from rtkq.records import Project
from rtkq.store import Registry
from rtkq_workers.checkout import worktree

_log = logging.getLogger(__name__)

_DAY_S = 86400.0
#: Whoever deletes a worktree's folder by hand may be moving it; in seconds.
_WORKTREE_GRACE_S = 3600.0
#: What an agent worked in within this time is not forgotten for want of room, in seconds.
_IN_USE_S = _DAY_S
_MB = 1_000_000


def forget_unused(home: str, settings: PruneSettings, now: float) -> None:
    """Forget the projects whose time is over.

    Args:
        home: Folder for everything rtkq stores.
        settings: How long is too long.
        now: Seconds since the epoch.
    """
    for project in _projects(home):
        why = _reason(home, project, settings, now)
        if why:
            _forget(home, project.root, why)


def forget_if_removed(home: str, root: str) -> bool:
    """Forget the project at *root* if it was a worktree that git removed; return whether it was."""
    is_removed = worktree.is_removed(home, root)
    if is_removed:
        _forget(home, root, "its worktree was removed")
    return is_removed


def forget_for_room(home: str, most_mb: int, now: float) -> None:
    """Forget the projects that were used longest ago, until everything takes *most_mb* at most."""
    surplus = size(home) - most_mb * _MB
    for project in sorted(_projects(home), key=lambda one: one.used_at):
        if surplus <= 0:
            return
        if project.used_at < now - _IN_USE_S:
            surplus -= size(paths.checkout(home, project.root))
            _forget(home, project.root, f"there are more than {most_mb} MB")


def size(folder: str) -> int:
    """Return the bytes that everything in *folder* takes on the disk."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(f"{place}/{name}").st_blocks * 512
    return total


def _projects(home: str) -> Iterable[Project]:
    with Registry(home) as registry:
        return registry.projects()


def _forget(home: str, root: str, why: str) -> None:
    store.forget(home, root)
    _log.info("%s was forgotten: %s", root, why)


def _reason(home: str, project: Project, settings: PruneSettings, now: float) -> str:
    """Return why *project* is to be forgotten; empty if it stays."""
    if worktree.is_removed(home, project.root):
        return "its worktree was removed"
    missing_s = _missing_s(home, project.root, now)
    is_worktree = worktree.is_worktree(home, project.root)
    if missing_s > (_WORKTREE_GRACE_S if is_worktree else settings.missing_days * _DAY_S):
        return "its folder is gone"
    if project.used_at and now - project.used_at > settings.unused_days * _DAY_S:
        return f"no agent used it for {settings.unused_days} days"
    return ""


def _missing_s(home: str, root: str, now: float) -> float:
    """Return for how long nothing was seen at *root*, in seconds, noting when that began."""
    file = f"{paths.checkout(home, root)}/missing"
    if os.path.isdir(root):
        with suppress(FileNotFoundError):
            os.unlink(file)
        return 0.0
    try:
        return now - os.stat(file).st_mtime
    except FileNotFoundError:
        with suppress(FileNotFoundError), open(file, "wb"):  # no folder: forgotten meanwhile
            os.utime(file, (now, now))
        return 0.0
