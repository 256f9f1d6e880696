"""Everything the watcher reads from the store and writes into it, one thread at a time.

Peewee binds a model to a database for the whole process, so two threads must never have two
memories open at once. All calls here are short: reading, comparing and waiting happen outside.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from rtkq import failpoints, git, jobs, paths, repository, store
from rtkq.build.recipe import recipe_of
from rtkq.errors import StoreDamaged
from rtkq.records import KnownFile, Project
from rtkq.store import memories, soundness
from rtkq_workers.chores import unused

_log = logging.getLogger(__name__)
#: The registry is read this often even though its files look unchanged.
_LONGEST_UNREAD_S = 30.0
#: Coarser than any file system's times.
_GRAIN_NS = 2_000_000_000
_one_at_a_time = threading.RLock()


class Projects:
    """The registered projects, read again only when the registry may have changed."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._files = [paths.registry_file(home) + suffix for suffix in ("", "-wal")]
        self._read_at = 0.0
        #: Those that were found last; None before the first time.
        self._roots: set[str] | None = None
        self._signature: list[tuple[int, int] | None] = []

    def read_if_changed(self) -> list[Project] | None:
        """Return all projects, or None when nothing was written since the last call."""
        looked_at = time.time_ns()
        signature = [_signature(file) for file in self._files]
        now = time.monotonic()
        if signature == self._signature and now < self._read_at + _LONGEST_UNREAD_S:
            return None
        projects = self._read()
        # Files that were written just now may be written again without looking any different.
        is_settled = all(one is None or abs(looked_at - one[0]) > _GRAIN_NS for one in signature)
        self._signature, self._read_at = signature if is_settled else [], now
        return projects

    def _read(self) -> list[Project]:
        with _one_at_a_time:
            try:
                projects = _listed(self._home)
                has_lost = self._has_lost({one.root for one in projects})
            except StoreDamaged as error:
                _log.warning("%s; it is made anew from the memories", error.message)
                has_lost = True
            if has_lost:
                _recover(self._home)
                projects = _listed(self._home)
        self._roots = {one.root for one in projects}
        return projects

    def _has_lost(self, roots: set[str]) -> bool:
        """Return whether the registry may be another one: a memory is forgotten before its row."""
        if self._roots is None:
            return True
        gone = self._roots - roots
        return any(os.path.exists(paths.memory_file(self._home, root)) for root in gone)


def is_registered(home: str, root: str) -> bool:
    """Return whether there is a project at *root*."""
    with _one_at_a_time, store.Registry(home) as registry:
        return registry.find(root) is not None


def register(home: str, root: str) -> None:
    """Register the project at *root*, used from now on; safe to repeat."""
    with _one_at_a_time:
        store.register(home, root)
    note_use(home, root)


def note_use(home: str, root: str) -> None:
    """Note that an agent works in *root* now."""
    with _one_at_a_time, store.Registry(home) as registry:
        registry.used(root, time.time())


def set_aside_if_damaged(home: str, root: str) -> bool:
    """Set the memory of *root* aside if it is damaged, and return whether it was."""
    told = soundness.damage(paths.memory_file(home, root))
    if told:
        _log.warning("the memory of %s is damaged and made anew: %s", root, told)
        with _one_at_a_time:
            memories.set_aside(home, root)
    return bool(told)


def forget_if_removed(home: str, root: str) -> bool:
    """Forget the project at *root* if it was a worktree that git removed; return whether it was."""
    with _one_at_a_time:
        return unused.forget_if_removed(home, root)


def known(home: str, root: str, among: Iterable[str] | None = None) -> dict[str, KnownFile] | None:
    """Return what the memory believes of all files or of those *among*; None while first built."""
    with _one_at_a_time:
        if among is None:
            return store.known_files(home, root)
        return store.known_among(home, root, among)


def head_debts(home: str, root: str) -> list[str]:
    """Return the debt for a move of HEAD, or of what the repository asks for, if there was one."""
    head, recipe = git.tip(root), recipe_of(repository.believed(root))
    with _one_at_a_time:
        return store.head_debts(home, root, head, recipe)


def is_untold(home: str, root: str) -> bool:
    """Return whether the memory of *root* owes what the registry was never told of."""
    with _one_at_a_time:
        return store.is_untold(home, root)


def owe(home: str, root: str, owed: Iterable[str]) -> None:
    """Write down that the paths *owed* are owed, then nudge a worker.

    Row before job: a crash between leaves a debt the sweep finds; the reverse leaves a job
    without one.

    Raises:
        StoreBusy: A lock outlasted the busy timeout; nothing was written.
    """
    with _one_at_a_time:
        store.mark(home, root, owed)
        failpoints.reach("watch.before_nudge")
        jobs.nudge(home, root)


def owe_first_build(home: str, root: str) -> None:
    """Write down that the first build of *root* is owed, unless it is, and nudge a worker."""
    with _one_at_a_time:
        with store.Registry(home) as registry:
            project = registry.find(root)
        if project is not None and not project.is_owing:
            store.mark(home, root, ())
        jobs.nudge(home, root)


def verify(home: str, root: str) -> None:
    """Note that the memory of *root* agrees with the disk, debts included."""
    with suppress(FileNotFoundError):  # forgotten a moment ago
        store.touch_verified(home, root)


def _listed(home: str) -> list[Project]:
    with store.Registry(home) as registry:
        return registry.projects()


def _recover(home: str) -> None:
    for root in store.recover(home):
        _log.warning("the registry had lost %s; it is entered again", root)
        jobs.nudge(home, root)


def _signature(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
