"""What the watcher wants of an observer, and which one this machine gets.

An observer only says when to look. It reports relative paths to a *sink*; whatever it cannot
watch it names in ``limit``, and the watcher polls that project instead.
"""

from __future__ import annotations

from typing import Protocol

from rtkq_workers.checkout.ignore import Ignore

INSTANCES_LIMIT = "fs.inotify.max_user_instances"
WATCHES_LIMIT = "fs.inotify.max_user_watches"
#: Changes of these in a git folder mean that files, index or rules have moved as a whole.
GIT_NAMES = frozenset(
    {"HEAD", "index", "packed-refs", "config", "exclude", "logs", "shallow"}
    | {"ORIG_HEAD", "MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"}
)


class Sink(Protocol):
    """Who is told what happens in one project; called from the observer's threads."""

    def touched(self, path: str) -> None:
        """Take note that the file at *path*, relative to the root, may have changed."""

    def desynced(self, why: str) -> None:
        """Take note that anything may have changed."""


class Tree(Protocol):
    """The watches of one project."""

    @property
    def directories(self) -> int:
        """How many folders are watched."""

    @property
    def limit(self) -> str:
        """What keeps the whole project from being watched; empty when nothing does."""

    def sync(self, ignore: Ignore) -> None:
        """Watch every folder that *ignore* does not skip, and no other.

        Raises:
            FileNotFoundError: The root is gone.
        """

    def close(self) -> None:
        """Watch nothing any more."""


class Observer(Protocol):
    """Watches any number of projects."""

    def tree(self, root: str, sink: Sink) -> Tree:
        """Return the watches of the project at *root*, none yet."""

    def is_draining(self) -> bool:
        """Whether events are being taken from the kernel at this moment."""

    def stop(self) -> None:
        """Watch nothing any more and end the threads."""


class Blind:
    """The observer, and the tree, of what cannot be watched: it never says anything."""

    directories = 0

    def __init__(self, limit: str) -> None:
        self.limit = limit

    def tree(self, root: str, sink: Sink) -> Blind:  # noqa: ARG002 - as in Observer
        """Return a tree that will not report anything."""
        return self

    def is_draining(self) -> bool:
        """Return True: there is nothing to drain."""
        return True

    def sync(self, ignore: Ignore) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""
