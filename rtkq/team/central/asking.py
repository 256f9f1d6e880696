"""Reading a team's central memories in bounded time, and not at all while the server is not well.

Which remotes there are is asked beside the work, again and again: that keeps a connection warm,
and is the knock by which a server that was away is found again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from typing import Any

from rtkq.errors import RtkqError, StoreError, StoreGone, Timeout
from rtkq.team.breaker import Condition
from rtkq.team.central import memory
from rtkq.team.central.memory import CentralMemory
from rtkq.team.central.overlay import Overlay
from rtkq.team.line import Line
from rtkq.team.postgres import Postgres

#: How many may read at the same time.
MOST_TURNS = 4
#: A project that was added is known after this time, in seconds.
_LOOK_EVERY_S = 10.0
_LOOK_PATIENCE_S = 5.0
_JITTER = 0.2

_log = logging.getLogger(__name__)

#: Is told of each answer, and of what came instead of one.
Noting = Callable[[RtkqError | None], None]


class Turn:
    """One reader's time with a connection: what is not told until its end is not told."""

    def __init__(self, line: Line[Postgres], until: float, note: Noting) -> None:
        self._line = line
        self._until = until
        self._note = note

    def memory(self, remote: str, overlay: Overlay) -> CentralMemory | None:
        """Return what is published of a *remote*, laid over some files; None if nothing is.

        Raises:
            TimeoutError: There was no answer in time.
        """
        published = memory.find(self.ask, remote)
        return CentralMemory(self.ask, published, overlay) if published else None

    def ask(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Return the rows of a *statement*; an `Asking`.

        Raises:
            TimeoutError: There was no answer in time.
            StoreGone: A table in it was dropped.
        """
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        try:
            rows = _asked(self._line, statement, values, left_s)
        except StoreGone:
            raise
        except (StoreError, Timeout) as error:
            self._note(error)
            raise TimeoutError(error.message) from None
        self._note(None)
        return rows


def _asked(
    line: Line[Postgres], statement: str, values: Sequence[Any], patience_s: float
) -> list[Any]:
    if line.is_connected:
        # That a connection died while nobody used it says nothing of the server.
        with suppress(StoreError):
            return line.ask(lambda server: server.rows(statement, values), patience_s)
    return line.ask(lambda server: server.rows(statement, values), patience_s)


class Central:
    """The central memories on a team's server."""

    def __init__(self, url: str) -> None:
        """Connect nothing yet.

        Args:
            url: ``postgresql://…``.
        """
        self._lines: LifoQueue[Line[Postgres]] = LifoQueue()
        for _ in range(MOST_TURNS + 1):  # one to look
            self._lines.put(Line(lambda: Postgres(url)))
        self._condition = Condition()
        self._remotes: set[str] = set()
        self._look_at = 0.0
        self._looking: threading.Thread | None = None

    def has(self, remote: str) -> bool:
        """Return whether something of a *remote* is likely to be had now; never waits."""
        self.look()
        return self._condition.is_usable and remote in self._remotes

    @contextmanager
    def turn(self, until: float) -> Iterator[Turn]:
        """Lend a connection to the block.

        Args:
            until: Instant of the monotonic clock at which the block gives up, in seconds.
        """
        line = self._lines.get()
        try:
            yield Turn(line, until, self._note)
        finally:
            self._lines.put(line)

    def look(self) -> None:
        """Let somebody look beside the work which remotes there are, if that is due."""
        is_due = time.monotonic() >= self._look_at
        if not self._condition.is_usable:
            is_due = self._condition.is_knock_due(time.time())
        if is_due and (self._looking is None or not self._looking.is_alive()):
            self._looking = threading.Thread(target=self._looked, name="central", daemon=True)
            self._looking.start()

    def close(self) -> None:
        """Give the connections back."""
        with suppress(Empty):
            while True:
                self._lines.get_nowait().close()

    def _looked(self) -> None:
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        with self.turn(time.monotonic() + _LOOK_PATIENCE_S) as turn, suppress(TimeoutError):
            self._remotes = memory.remotes(turn.ask)

    def _note(self, error: RtkqError | None) -> None:
        now = time.time()
        if error is None:
            self._condition = Condition(answered_at=now)
            return
        if not self._condition.failures:
            _log.warning("going on without the team's memories: %s", error.message)
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        self._condition = self._condition.failed(error.message, now, jitter)
