"""The queue: which jobs exist under which names, and a storage that wakes a worker at once.

A job is only a nudge: it may be lost, doubled or late without harm, for what is owed stands in
rows of the store. Jobs are declared here and bound by the workers, so that whoever enqueues one
never imports what it runs.

Huey stores a task under ``module.function``: renaming this module or a job function is a change
of the wire format.
"""

from __future__ import annotations

import logging
import os
import select
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from rtkq import drivers, failpoints, paths
from rtkq.errors import RtkqError, StoreDamaged
from rtkq.store import Registry
from rtkq.store.database import inode, private_folder, translated

with drivers.left_out():
    from huey import Huey
    from huey.storage import SqliteStorage

#: A project an agent is using now goes before the others.
PRIORITY_IN_USE = 10
PRIORITY_IDLE = 0
#: An agent that came this recently is using the project, in seconds.
_IN_USE_S = 15 * 60
#: A nudge that alone in the queue is not taken up for this long is believed lost, in seconds.
_LOST_AFTER_S = 5.0
#: What each of those before it may take, in seconds.
_A_NUDGE_S = 0.5
#: What a lost ring of the bell costs at most, in milliseconds.
_BELL_TIMEOUT_MS = 1000

_log = logging.getLogger(__name__)


class Queue(NamedTuple):
    """A Huey instance, and the jobs as they are enqueued there."""

    huey: Huey
    rebuild: Any
    central: Any


_bound: dict[str, Callable[[Any], None]] = {}
_queues: dict[str, Queue] = {}


def bind(rebuild: Callable[[str], None]) -> None:
    """Say what the jobs of checkouts do in this process; only workers call this."""
    _bound["rebuild"] = rebuild


def bind_central(central: Callable[[int], None]) -> None:
    """Say what the jobs of central projects do; only server workers call this."""
    _bound["central"] = central


def rebuild(root: str) -> None:
    """Pay what is owed to the checkout at *root*."""
    _bound["rebuild"](root)


def central(project_id: int) -> None:
    """Pay what is owed to a central project, if that is for this process to do."""
    if "central" in _bound:
        _bound["central"](project_id)


def declared(huey: Huey) -> Queue:
    """Return *huey* as a queue, with every job declared."""
    return Queue(huey, huey.task()(rebuild), huey.task()(central))


def queue(home: str) -> Queue:
    """Return the queue under *home*, with every job declared.

    Raises:
        HomeError: Its database cannot be made there.
        StoreError: It cannot be read or written.
    """
    if home not in _queues:
        private_folder(home)
        file = paths.queue_file(home)
        with translated(file):
            huey = Huey(
                "rtkq",
                storage_class=DoorbellStorage,
                filename=file,
                results=False,
                factory=_NormalConnection,
                utc=False,
            )
        _queues[home] = declared(huey)
    return _queues[home]


def nudge(home: str, root: str, *, priority: int | None = None, delay_s: float = 0.0) -> None:
    """Ask the workers to look at *root*; nothing happens while a nudge is waiting already.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        priority: Higher goes first; by default a project in use goes before the others.
        delay_s: Ask so much later, to the second, and let others do nothing meanwhile.
    """
    now = time.time()
    patience_s = _patience_s(home)
    with Registry(home) as registry:
        project = registry.find(root)
        if project is None or not registry.take_nudge(root, now, patience_s):
            return
    failpoints.reach("nudge.before_enqueue")
    if priority is None:
        is_used = now - project.used_at < _IN_USE_S
        priority = PRIORITY_IN_USE if is_used else PRIORITY_IDLE
    try:
        _enqueue(home, root, priority, delay_s)
    except (sqlite3.Error, RtkqError) as error:
        # The debt is written; the sweep finds it when nudges can be given again.
        _log.warning("the nudge for %s is lost: %s", root, error)


def _enqueue(home: str, root: str, priority: int, delay_s: float) -> None:
    job = queue(home).rebuild
    if delay_s:
        job.schedule((root,), delay=delay_s, priority=priority)
    else:
        job(root, priority=priority)


def _patience_s(home: str) -> float:
    """Return after how long a nudge is believed lost: behind a thousand others it merely waits."""
    try:
        return _LOST_AFTER_S + depth(home) * _A_NUDGE_S
    except RtkqError:
        return _LOST_AFTER_S


def nudge_later(home: str, root: str, delay_s: float) -> None:
    """Ask the workers to look at *root* again after *delay_s* seconds; may be lost as any nudge."""
    try:
        queue(home).rebuild.schedule((root,), delay=delay_s)
    except (sqlite3.Error, RtkqError) as error:
        _log.warning("the next try for %s is left to the sweep: %s", root, error)


def nudge_central(home: str, project_id: int) -> None:
    """Ask the workers of this home to look at a central project.

    Raises:
        StoreError: The queue cannot be written.
    """
    found = queue(home)
    with translated(paths.queue_file(home)):
        found.central(project_id)


def depth(home: str) -> int:
    """Return how many nudges wait for a worker.

    Raises:
        StoreError: The queue cannot be read.
    """
    found = queue(home)
    with translated(paths.queue_file(home)):
        return int(found.huey.pending_count())


class _NormalConnection(sqlite3.Connection):
    """A connection that syncs at checkpoints only: a job lost to a power cut is a lost nudge."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA synchronous = normal")
        self.execute("PRAGMA journal_size_limit = 1048576")


class DoorbellStorage(SqliteStorage):
    """A queue in SQLite with a bell: an idle worker sleeps on a FIFO and wakes in a millisecond.

    Polling would cost either latency or an idle processor. The bell may be lost, then the poll
    of the FIFO times out.

    A queue that is damaged, or that somebody deleted, is begun anew: it holds nothing but nudges.
    """

    blocking = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._inode = 0
        super().__init__(*arguments, create_tables=False, **options)
        self._bell_file = f"{self.filename}.bell"
        self._bell: tuple[int, int] | None = None
        self._healed(self.initialize_schema)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Put *data* on the queue and ring the bell."""
        self._healed(lambda: super(DoorbellStorage, self).enqueue(data, priority))
        with suppress(BlockingIOError):  # it rings already, and long
            os.write(self._descriptor(), b"!")

    def dequeue(self) -> bytes | None:
        """Take the next job off the queue, waiting for the bell when there is none."""
        data: bytes | None = self._healed(super().dequeue)
        if data is None and self._is_rung():
            data = self._healed(super().dequeue)
        return data

    def read_schedule(self, ts: Any) -> Any:
        """Return the jobs whose time has come."""
        return self._healed(lambda: super(DoorbellStorage, self).read_schedule(ts))

    def _healed(self, work: Callable[[], Any]) -> Any:
        """Do *work*, and again with a queue that is begun anew if this one cannot be used."""
        if self._conn is not None and self._inode != inode(self.filename):
            self.close()
        try:
            with translated(self.filename):
                return work()
        except StoreDamaged as error:
            _log.warning("%s; it is begun anew", error.message)
            self._begin_anew()
        with translated(self.filename):
            return work()

    def _begin_anew(self) -> None:
        self.close()
        if self._inode == inode(self.filename):  # or another process did so already
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.unlink(self.filename + suffix)

    def _create_connection(self) -> sqlite3.Connection:
        self._inode = inode(self.filename)
        connection: sqlite3.Connection = super()._create_connection()
        for statement in self.ddl:
            connection.execute(statement)
        self._inode = inode(self.filename)
        return connection

    def _is_rung(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor(), select.POLLIN)
        if not poll.poll(_BELL_TIMEOUT_MS):
            return True  # the ring may have been lost
        with suppress(BlockingIOError):  # another worker was quicker
            os.read(self._descriptor(), 1)
        return True

    def _descriptor(self) -> int:
        # A descriptor made before a fork would be shared, and so would be its closing.
        if self._bell is None or self._bell[0] != os.getpid():
            with suppress(FileExistsError):
                os.mkfifo(self._bell_file, 0o600)
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
            self._bell = (os.getpid(), os.open(self._bell_file, flags))
        return self._bell[1]
