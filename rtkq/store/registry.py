"""The registry of projects: which checkouts exist, what is owed, who may be nudged."""

from __future__ import annotations

import os
from contextlib import suppress

from rtkq import paths
from rtkq.records import Project
from rtkq.schema.registry import REGISTRY, ProjectRow
from rtkq.store.database import Database, private_folder

_LONGEST_BACKOFF_S = 600.0


class Registry(Database):
    """An open registry; use it as a context manager, and only briefly.

    Instants are seconds since the epoch and come in as arguments.
    """

    def __init__(self, home: str) -> None:
        private_folder(home)
        _hide_from_git(home)
        super().__init__(paths.registry_file(home), REGISTRY)

    def add(self, root: str) -> None:
        """Enter the checkout at *root*; one that is there already stays as it is."""
        ProjectRow.insert(root=root).on_conflict_ignore().execute()

    def remove(self, root: str) -> None:
        """Strike out the checkout at *root*, if it is there."""
        ProjectRow.delete_by_id(root)

    def find(self, root: str) -> Project | None:
        """Return the project at *root*, or None."""
        row = ProjectRow.get_or_none(ProjectRow.root == root)
        return None if row is None else _project(row)

    def projects(self) -> list[Project]:
        """Return all projects, ordered by root."""
        return [_project(row) for row in ProjectRow.select().order_by(ProjectRow.root)]

    def owing(self, now: float) -> list[Project]:
        """Return the projects that owe a rebuild and may try now, most recently used first."""
        # No backoff is that long: the clock was set back since.
        is_future = ProjectRow.retry_at > now + _LONGEST_BACKOFF_S
        is_ready = (ProjectRow.retry_at <= now) | is_future
        due = (ProjectRow.owed_seq > ProjectRow.done_seq) & is_ready
        return [
            _project(row)
            for row in ProjectRow.select().where(due).order_by(ProjectRow.used_at.desc())
        ]

    def used(self, root: str, at: float) -> None:
        """Note that an agent works in *root* since *at*."""
        ProjectRow.update(used_at=at).where(ProjectRow.root == root).execute()

    def owe(self, root: str) -> None:
        """Note that a rebuild of *root* is owed."""
        ProjectRow.update(owed_seq=ProjectRow.owed_seq + 1).where(ProjectRow.root == root).execute()

    def settle(self, root: str, owed_seq: int) -> None:
        """Note that a rebuild which had read *owed_seq* ended with nothing owed."""
        ProjectRow.update(done_seq=owed_seq, attempts=0, retry_at=0.0, last_error="").where(
            (ProjectRow.root == root) & (ProjectRow.done_seq <= owed_seq)
        ).execute()

    def fail(self, root: str, *, attempts: int, retry_at: float, error: str) -> None:
        """Note that a rebuild failed and when the next one may start."""
        ProjectRow.update(attempts=attempts, retry_at=retry_at, last_error=error).where(
            ProjectRow.root == root
        ).execute()

    def take_nudge(self, root: str, now: float, patience_s: float) -> bool:
        """Return whether a nudge should be enqueued: none is waiting, or it was lost.

        One that has not been taken up for longer than *patience_s* seconds is believed lost.
        """
        is_lost = ProjectRow.nudged_at < now - patience_s
        # A nudge of the future was given before the clock was set back: it may be lost as well.
        is_future = ProjectRow.nudged_at > now
        taken = ProjectRow.update(nudged_at=now).where(
            (ProjectRow.root == root) & (is_lost | is_future)
        )
        return bool(taken.execute())

    def drop_nudge(self, root: str) -> None:
        """Note that the nudge was taken up: the next mark needs another one."""
        ProjectRow.update(nudged_at=0.0).where(ProjectRow.root == root).execute()


def _hide_from_git(home: str) -> None:
    """Keep a home that lies within a project out of it: it would feed on itself."""
    file = os.path.join(home, ".gitignore")
    if not os.path.exists(file):
        with suppress(OSError), open(file, "w", encoding="ascii") as stream:
            stream.write("*\n")


def _project(row: ProjectRow) -> Project:
    return Project(
        root=row.root,
        owed_seq=row.owed_seq,
        done_seq=row.done_seq,
        used_at=row.used_at,
        attempts=row.attempts,
        retry_at=row.retry_at,
        last_error=row.last_error,
    )
