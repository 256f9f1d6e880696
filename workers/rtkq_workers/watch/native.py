"""Elsewhere than on Linux: the system's own recursive watch, with ignored paths left out.

FSEvents and its like watch a whole tree at no cost a folder, so nothing is gained by pruning it;
what happens in ignored folders is dropped when it is reported. Tested with inotify in its place;
not run on a Mac yet.
"""

from __future__ import annotations

import errno
import os

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from rtkq import repository
from rtkq_workers.checkout.ignore import Ignore
from rtkq_workers.watch.observe import GIT_NAMES, Sink

_KINDS_OF_NOISE = frozenset({"opened", "closed_no_write"})


class NativeObserver:
    """Watches any number of projects by the means of the system."""

    def __init__(self) -> None:
        self._observer = Observer()
        self._observer.start()

    def tree(self, root: str, sink: Sink) -> NativeTree:
        """Return the watches of the project at *root*, none yet."""
        return NativeTree(self, root, sink)

    def watch(
        self, handler: FileSystemEventHandler, place: str, *, is_recursive: bool
    ) -> ObservedWatch:
        """Report what happens at *place* to the *handler*."""
        return self._observer.schedule(handler, place, recursive=is_recursive)

    def unwatch(self, watch: ObservedWatch) -> None:
        """Stop reporting for a *watch*."""
        self._observer.unschedule(watch)

    def is_draining(self) -> bool:
        """Whether the thread that takes the events lives."""
        return self._observer.is_alive()

    def stop(self) -> None:
        """Watch nothing any more and end the threads."""
        self._observer.stop()
        self._observer.join()


class NativeTree(FileSystemEventHandler):
    """The recursive watch of one project, and the one of a git folder that lies elsewhere."""

    limit = ""

    def __init__(self, observer: NativeObserver, root: str, sink: Sink) -> None:
        self._observer = observer
        self._root = root
        self._sink = sink
        self._ignore = Ignore(root)
        self._watches: dict[str, ObservedWatch] = {}

    @property
    def directories(self) -> int:
        """How many places are watched; the folders below them are not counted."""
        return len(self._watches)

    def sync(self, ignore: Ignore) -> None:
        """Watch the root, and report by the rules of *ignore* from now on.

        Raises:
            FileNotFoundError: The root is gone.
        """
        self._ignore = ignore
        if not os.path.isdir(self._root):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._root)
        self._watch(self._root, is_recursive=True)
        for place in ignore.git_folders.values():
            if not place.startswith(f"{self._root}/") and os.path.isdir(place):
                self._watch(place, is_recursive=False)

    def close(self) -> None:
        """Watch nothing any more."""
        while self._watches:
            self._observer.unwatch(self._watches.popitem()[1])

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Report one event of watchdog; called by its dispatching thread."""
        if event.event_type in _KINDS_OF_NOISE:
            return
        for place in (event.src_path, event.dest_path):
            if place:
                self._report(os.fsdecode(place), event)

    def _watch(self, place: str, *, is_recursive: bool) -> None:
        if place not in self._watches:
            self._watches[place] = self._observer.watch(self, place, is_recursive=is_recursive)

    def _report(self, place: str, event: FileSystemEvent) -> None:
        folder, _, name = place.rpartition("/")
        if folder in self._ignore.git_folders.values():
            if name in GIT_NAMES:
                self._sink.desynced("git")
        elif not place.startswith(f"{self._root}/"):
            return
        elif name in (".git", ".gitignore", repository.FILE):
            self._sink.desynced("rules")
        elif not self._ignore.covers(path := place[len(self._root) + 1 :]):
            self._report_path(path, event)

    def _report_path(self, path: str, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._sink.touched(path)
        elif event.event_type in ("moved", "deleted"):
            self._sink.desynced("moved")
