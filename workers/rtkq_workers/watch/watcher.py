"""The watcher: one process, five threads, any number of projects.

    drain     takes events from the kernel and notes on the board what they touched
    flush     looks at bursts of a few paths
    rescan    looks at whole projects, one at a time
    follow    reads the receipts of the hook
    (main)    keeps the board: projects, roots, clocks, regular rescans, the heartbeat

Events say when to look; ``scan`` says what changed. A burst leaves the board when its debts are
written down, and not before: what was noticed is either on the board or a row in the store, or
is found by the rescan that every start begins with.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from rtkq.config import Settings
from rtkq.errors import RtkqError, StoreBusy
from rtkq.records import Project
from rtkq_workers.checkout import scan
from rtkq_workers.checkout.ignore import Ignore
from rtkq_workers.checkout.mounts import remote_kind
from rtkq_workers.processes import heartbeat
from rtkq_workers.watch import flush, ledger
from rtkq_workers.watch.alone import alone
from rtkq_workers.watch.board import Board, Watched, monotonic_ms
from rtkq_workers.watch.debounce import Burst
from rtkq_workers.watch.follow import Follower
from rtkq_workers.watch.observe import Blind
from rtkq_workers.watch.platform import observer

_log = logging.getLogger(__name__)
_TICK_S = 1.0
_LONGEST_VERIFIED_S = 60.0
#: What is pending when the watcher is stopped is looked at for this long.
_CLOSING_MS = 5000
#: Wall and monotonic clock drift apart by more than this: the machine slept.
_JUMP_S = 5.0
_DAY_S = 86400
#: A rescan for these reasons alone finds the folders and rules of the one before.
_QUIET_REASONS = frozenset({"interval", "poll", "first build"})


def run(settings: Settings, extra_roots: Sequence[str] = ()) -> int:
    """Watch all registered projects until SIGTERM or SIGINT; then look at what is pending.

    Args:
        settings: The settings in force.
        extra_roots: Projects to register first.

    Returns:
        The exit code: 0 after SIGTERM, 130 after SIGINT.

    Raises:
        RtkqError: Another watcher runs already, or the home cannot be used.
    """
    stop = threading.Event()
    codes: list[int] = []

    def end(number: int, _frame: object) -> None:
        codes.append(130 if number == signal.SIGINT else 0)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with alone(settings.home):
        for root in extra_roots:
            ledger.register(settings.home, os.path.realpath(root))
        watcher = Watcher(settings)
        watcher.start()
        try:
            while not stop.wait(_TICK_S):
                watcher.tick()
        finally:
            watcher.stop()
            heartbeat.remove(settings.home, "watch")
    return codes[0]


class Watcher:
    """The board, its observer, and the threads that work on it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = settings.home
        self._board = Board()
        self._observer = observer()
        self._follower = Follower(settings, self._welcome)
        self._started_at = time.time()
        self._reading = threading.Lock()
        self._projects = ledger.Projects(settings.home)
        self._drift_s = _drift_s()
        self._verified_at = time.monotonic()
        self._is_stopping = threading.Event()
        self._warned: set[str] = set()
        self._threads = [
            threading.Thread(name="flush", target=self._look, args=(False,), daemon=True),
            threading.Thread(name="rescan", target=self._look, args=(True,), daemon=True),
            threading.Thread(name="follow", target=self._follow, daemon=True),
        ]

    def start(self) -> None:
        """Put the projects on the board and begin to look at them."""
        self._reload()
        for thread in self._threads:
            thread.start()
        self.tick()

    def stop(self) -> None:
        """Look at what is pending, then end."""
        self._is_stopping.set()
        self._board.close(_CLOSING_MS)
        for thread in self._threads:
            thread.join(2 * _CLOSING_MS / 1000)
        for watched in self._board.all():
            _close(watched)
        self._observer.stop()

    def tick(self) -> None:
        """Do what has to be done every second."""
        for chore in (
            self._reload,
            self._check_clock,
            self._check_roots,
            self._plan_rescans,
            self._verify,
            self._beat,
        ):
            _attempt(chore)

    # -- the threads -----------------------------------------------------------------------

    def _look(self, rescans: bool) -> None:
        while (turn := self._board.take(rescans=rescans)) is not None:
            watched, burst = turn
            try:
                self._look_at(watched, burst)
                watched.succeeded()
            except Exception as error:
                wait_ms = watched.give_back(burst)
                # A root that is gone is told by the chore that looks for it, unless git removed it.
                if scan.identity(watched.root) is not None:
                    _tell(error, watched.root, wait_ms)
            finally:
                self._board.done(watched)
                if self._board.find(watched.root) is not watched:
                    _close(watched)  # forgotten while it was looked at

    def _look_at(self, watched: Watched, burst: Burst) -> None:
        if not burst.is_rescan:
            flush.flush(self._home, watched.root, burst.paths, watched.ignore)
            return
        started_ms = monotonic_ms()
        if self._is_sync_due(watched, burst):
            self._sync(watched)
        owed = flush.rescan(self._home, watched.root)
        watched.rescanned(monotonic_ms(), monotonic_ms() - started_ms)
        if owed is None and not self._is_stopping.is_set():
            watched.await_first_build()

    def _is_sync_due(self, watched: Watched, burst: Burst) -> bool:
        # At the regular interval a limit is tried again: somebody may have raised it.
        is_retry = bool(watched.limit) and "interval" in burst.reasons
        return watched.tree is None or is_retry or not burst.reasons <= _QUIET_REASONS

    def _sync(self, watched: Watched) -> None:
        """Watch the folders of a project as its rules stand now, before its files are compared."""
        found = scan.identity(watched.root)
        if watched.is_replaced(found):
            _close(watched)
            watched.tree = None
        watched.identity = found
        watched.ignore = Ignore.read(watched.root)
        if watched.tree is None:
            kind = remote_kind(watched.root)
            source = Blind(f"a network file system ({kind})") if kind else self._observer
            watched.tree = source.tree(watched.root, watched)
        watched.tree.sync(watched.ignore)
        self._warn(watched)

    def _follow(self) -> None:
        while not self._is_stopping.wait(_TICK_S):
            _attempt(self._follower.follow)

    def _welcome(self, root: str) -> None:
        """Rescan the project at *root* now: somebody begins to work there."""
        self._reload()
        watched = self._board.find(root)
        if watched is not None:
            watched.hurry("session", is_urgent=True)

    # -- the chores ------------------------------------------------------------------------

    def _reload(self) -> None:
        """Bring the board in line with the registry."""
        with self._reading:
            projects = self._projects.read_if_changed()
            if projects is None:
                return
            used = {one.root for one in projects if self._is_used(one)}
            for root in [one.root for one in self._board.all() if one.root not in used]:
                _close(self._board.remove(root))
            for project in sorted(projects, key=lambda one: -one.used_at):
                if project.root in used and self._board.find(project.root) is None:
                    watched = Watched(self._board, project.root, self._settings.watch)
                    self._board.put(watched)
                    watched.hurry("start")

    def _is_used(self, project: Project) -> bool:
        limit_s = self._settings.watch.unused_days * _DAY_S
        return not project.used_at or time.time() - project.used_at < limit_s

    def _check_clock(self) -> None:
        drift_s = _drift_s()
        if abs(drift_s - self._drift_s) > _JUMP_S:
            for watched in self._board.all():
                watched.hurry("sleep")
        self._drift_s = drift_s

    def _check_roots(self) -> None:
        for watched in self._board.all():
            found = scan.identity(watched.root)
            if found is None:
                self._miss(watched)
            elif watched.is_missing or watched.is_replaced(found):
                watched.found()

    def _miss(self, watched: Watched) -> None:
        """Forget a project that is gone for good; it leaves the board with the next reload."""
        if ledger.forget_if_removed(self._home, watched.root) or watched.is_missing:
            return
        _log.warning("%s is gone; it is looked for every second", watched.root)
        watched.lost()

    def _plan_rescans(self) -> None:
        for watched in self._board.all():
            why = watched.regular_rescan(monotonic_ms())
            if why:
                watched.hurry(why)

    def _verify(self) -> None:
        """Keep the memories of projects fresh in which nothing happens."""
        renewal_s = min(_LONGEST_VERIFIED_S, self._settings.watch.stale_after_s / 4)
        now = time.monotonic()
        if now < self._verified_at + renewal_s or not self._observer.is_draining():
            return
        self._verified_at = now
        for watched in self._board.all():
            if watched.is_in_sync:
                ledger.verify(self._home, watched.root)

    def _beat(self) -> None:
        # Without the draining thread this process is as good as dead, and must look it.
        if self._observer.is_draining():
            facts = _facts(self._board.all())
            heartbeat.write(self._home, "watch", started_at=self._started_at, **facts)

    def _warn(self, watched: Watched) -> None:
        limit = watched.limit
        if limit and limit not in self._warned:
            self._warned.add(limit)
            advice = f"; raise it with `sysctl {limit}=...`" if limit.startswith("fs.") else ""
            _log.warning(
                "%s is polled, like all that meet the limit %s%s", watched.root, limit, advice
            )


def _facts(board: Sequence[Watched]) -> dict[str, Any]:
    """Return what the heartbeat tells besides that the watcher lives."""
    polled = [one for one in board if one.limit]
    return {
        "projects": len(board),
        "directories": sum(one.tree.directories for one in board if one.tree is not None),
        "pending": sum(not one.debounce.is_empty for one in board),
        "limits": sorted({one.limit for one in polled}),
        "polled": [one.root for one in polled],
        "missing": [one.root for one in board if one.is_missing],
    }


def _close(watched: Watched | None) -> None:
    if watched is not None and watched.tree is not None:
        watched.tree.close()


def _drift_s() -> float:
    return time.time() - time.monotonic()


def _attempt(chore: Callable[[], None]) -> None:
    """Run a *chore*; what it cannot do now it does a second later."""
    try:
        chore()
    except RtkqError as error:
        _log.warning("%s; %s", error.message, error.hint)
    except Exception:
        _log.exception("a chore of the watcher failed")


def _tell(error: Exception, root: str, wait_ms: int) -> None:
    if isinstance(error, StoreBusy | FileNotFoundError):
        _log.info("%s is looked at again in %d ms: %s", root, wait_ms, error)
    elif isinstance(error, RtkqError):
        _log.warning("%s is looked at again in %d ms: %s; %s", root, wait_ms, error, error.hint)
    else:
        _log.error("looking at %s failed, again in %d ms", root, wait_ms, exc_info=error)
