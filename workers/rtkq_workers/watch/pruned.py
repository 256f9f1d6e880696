"""Linux: one inotify instance and one thread for any number of projects, ignored trees unwatched.

watchdog's own observer takes two threads a project, descends into everything, and keeps silent
when the kernel drops events or refuses a watch. So this builds on the layer below it, the class
that owns the descriptor, and keeps a table of watched folders for each project. That layer is not
watchdog's public interface: the version is pinned, ``tests/contracts/test_watchdog_internals.py``
holds what is relied on, ``docs/adr/0004`` says why.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Iterator

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

from rtkq import repository
from rtkq_workers.checkout import scan
from rtkq_workers.checkout.ignore import Ignore
from rtkq_workers.watch.observe import GIT_NAMES, WATCHES_LIMIT, Sink

_log = logging.getLogger(__name__)
#: The draining thread shows that it is alive at least this often.
_TICK_MS = 1000
#: Without a sign of life for this long nobody drains any more.
_DRAINING_S = 5.0
_GIT = ".git"
# The kernel keeps one mask a folder, so all projects ask for the same. MODIFY and ATTRIB are part
# of it for files that stay open while they are written, and for times set after closing (tar, cp).
_MASK = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
)


class PrunedObserver(InotifyFD):
    """The inotify instance of this process and the thread that drains it."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "drain"
        self._drained_at = time.monotonic()
        self.start()

    def tree(self, root: str, sink: Sink) -> PrunedTree:
        """Return the watches of the project at *root*, none yet."""
        return PrunedTree(self, root, sink)

    def is_draining(self) -> bool:
        """Whether the thread lives and took what there was a moment ago."""
        return self.is_alive() and time.monotonic() - self._drained_at < _DRAINING_S

    def _check_inotify_fd(self) -> bool:
        self._drained_at = time.monotonic()
        ready = self._poller.poll(_TICK_MS) if self._poller else []
        return any(descriptor == self._inotify_fd for descriptor, _ in ready)

    def _add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        # A folder may be met under a second name before its move is reported; watchdog would warn.
        watch = self._get_or_create_watch(path, mask)
        if watch.wd == -1:  # watchdog lets EACCES pass
            self._watch_for_wd.pop(watch.wd)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        watch.callbacks[id_] = callback
        return watch.wd


class PrunedTree:
    """The watches of one project.

    Invariant: a watch and its entry in both tables are made and removed under the lock, so that
    the draining thread and the thread that syncs never disagree about a folder.
    """

    def __init__(self, observer: PrunedObserver, root: str, sink: Sink) -> None:
        self.limit = ""
        self._observer = observer
        self._root = root
        self._sink = sink
        self._ignore = Ignore(root)
        self._id = CallbackId(id(self))
        self._lock = threading.Lock()
        self._is_lost = False
        self._folder_of: dict[WatchDescriptor, str] = {}
        self._watch_of: dict[str, WatchDescriptor] = {}

    @property
    def directories(self) -> int:
        """How many folders are watched."""
        return len(self._watch_of)

    def sync(self, ignore: Ignore) -> None:
        """Watch every folder that *ignore* does not skip, and no other.

        Raises:
            FileNotFoundError: The root is gone.
        """
        self._ignore = ignore
        self.limit = ""
        if self._is_lost:
            self._is_lost = False
            self._drop(dict(self._watch_of))
        before = dict(self._watch_of)
        wanted = {*self._watch_git(ignore), *self._watch_below("", is_new=False)}
        if "" not in wanted and not self.limit:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._root)
        if not self.limit:
            self._drop({folder: wd for folder, wd in before.items() if folder not in wanted})

    def close(self) -> None:
        """Watch nothing any more."""
        self._drop(dict(self._watch_of))

    # -- called by the draining thread -----------------------------------------------------

    def on_event(self, event: InotifyEvent) -> None:
        """Report what one event of the kernel means; never fails, for that would end the thread."""
        try:
            self._handle(event)
        except Exception:
            _log.exception("an event in %s could not be understood", self._root)
            self._sink.desynced("failure")

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Forget a folder whose watch the kernel removed."""
        with self._lock:
            folder = self._folder_of.pop(wd, None)
            if folder is not None and self._watch_of.get(folder) == wd:
                del self._watch_of[folder]

    def on_queue_overflow(self) -> None:
        """Distrust all watches: the kernel dropped events and does not say which."""
        self._is_lost = True
        self._sink.desynced("overflow")

    def _handle(self, event: InotifyEvent) -> None:
        folder = self._folder_of.get(event.wd)
        if folder is None or not event.name:
            return
        try:
            name = event.name.decode("utf-8")
        except UnicodeDecodeError:
            return
        if folder.partition("/")[0] == _GIT:
            if name in GIT_NAMES:
                self._sink.desynced("git")
        elif name == _GIT:
            self._sink.desynced("git")
        elif event.is_directory:
            self._handle_folder(event, _joined(folder, name))
        else:
            self._handle_file(name, _joined(folder, name))

    def _handle_file(self, name: str, path: str) -> None:
        if name == ".gitignore" or path == repository.FILE:
            self._sink.desynced("rules")
        else:
            self._sink.touched(path)

    def _handle_folder(self, event: InotifyEvent, folder: str) -> None:
        # A removed folder needs nothing: its files were reported one by one before it.
        if event.is_moved_from:
            self._handle_departure(folder)
            return
        if event.is_moved_to and folder in self._watch_of:
            # It took the place of an empty folder, whose end may be reported only later.
            self._drop({folder: self._watch_of[folder]})
        if event.is_attrib and folder in self._watch_of:
            self._sink.desynced("rights")  # its files may be readable again, or no longer
        is_new = folder not in self._watch_of and not event.is_delete
        if is_new and not self._ignore.skips(folder):
            self._adopt(folder)

    def _handle_departure(self, folder: str) -> None:
        prefix = f"{folder}/"
        gone = {
            name: wd
            for name, wd in self._watch_of.copy().items()
            if name == folder or name.startswith(prefix)
        }
        if gone:
            self._drop(gone)
            self._sink.desynced("moved")

    def _adopt(self, folder: str) -> None:
        """Watch a new folder, and report what was put into it before anybody watched."""
        for below in self._watch_below(folder, is_new=True):
            for name in scan.files_in(f"{self._root}/{below}"):
                self._handle_file(name, f"{below}/{name}")
        if self.limit:
            self._sink.desynced("limit")

    # -- the tables ------------------------------------------------------------------------

    def _watch_git(self, ignore: Ignore) -> Iterator[str]:
        # References need no watch of their own: a move of HEAD is logged, of the index replaces it.
        for folder, place in ignore.git_folders.items():
            if self._add(folder, place):
                yield folder

    def _watch_below(self, top: str, *, is_new: bool) -> Iterator[str]:
        """Watch *top* and the folders below it; yield each after its watch is in place.

        Watching comes before listing: what appears in between is seen twice rather than never.
        """
        pending = [top]
        while pending and not self.limit:
            folder = pending.pop()
            place = _joined(self._root, folder)
            if not self._add(folder, place):
                continue
            yield folder
            below = (_joined(folder, name) for name in scan.folders_in(place))
            pending += (name for name in below if not self._ignore.skips(name, is_new=is_new))

    def _add(self, folder: str, place: str) -> bool:
        try:
            with self._lock:
                if folder not in self._watch_of:
                    wd = self._observer.add_callback(os.fsencode(place), _MASK, self, self._id)
                    self._folder_of[wd] = folder
                    self._watch_of[folder] = wd
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self.limit = WATCHES_LIMIT
            return False
        return True

    def _drop(self, watches: dict[str, WatchDescriptor]) -> None:
        with self._lock:
            for folder, wd in watches.items():
                if self._watch_of.get(folder) == wd:
                    del self._watch_of[folder]
                if self._folder_of.get(wd) == folder:
                    del self._folder_of[wd]
                    self._observer.remove_callbacks([(wd, self._id)])


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name
