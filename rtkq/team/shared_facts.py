"""A team's facts behind those of this machine: asked in one batch, within bounds, or not at all.

What the team knows spares work and is never needed: where it cannot be had in the time that
the work itself would take, the work is done. `team.breaker` says when the server is asked again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from rtkq.errors import ExtraMissing, RtkqError
from rtkq.store.facts import FactStore
from rtkq.team import condition
from rtkq.team.breaker import Condition
from rtkq.team.line import Line

if TYPE_CHECKING:
    from rtkq.team.facts_table import PostgresFacts

A = TypeVar("A")

#: Waiting for a fact must cost less than extracting it: 2 ms a file, and something to begin with.
_A_FACT_S = 0.002
_LEAST_S = 0.15
#: Making the connection comes on top, in seconds.
_CONNECT_S = 1.0
#: Nobody's work but publishing itself waits for what is published, in seconds.
_PUBLISH_S = 10.0
_JITTER = 0.2
#: An answer is noted once in this time, in seconds.
_NOTE_EVERY_S = 10.0

_log = logging.getLogger(__name__)


class TeamFacts:
    """Facts of this machine first, then the team's; a `FactStore`."""

    def __init__(self, local: FactStore, shared: SharedFacts) -> None:
        self._local = local
        self._shared = shared

    def fetch(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the payloads of *keys*; what comes from the team is kept here."""
        wanted = list(keys)
        found = self._local.fetch(wanted)
        if missing := [key for key in wanted if key not in found]:
            given = self._shared.fetch(missing)
            self._local.put(given)
            found |= given
        return found

    def put(self, payloads: Mapping[bytes, bytes]) -> None:
        """Store *payloads* here, and let the team have them where this process publishes."""
        # Here first: what cannot be published now is found by comparing, see `share`.
        self._local.put(payloads)
        self._shared.put(payloads)


class SharedFacts:
    """The facts on a team's server, as far as they are to be had; it never raises."""

    def __init__(self, home: str, url: str, *, is_publishing: bool = False) -> None:
        """Connect nothing yet.

        Args:
            home: Where the condition of the database is kept.
            url: ``postgresql://…``.
            is_publishing: Put what others may believe; else `put` does nothing.
        """
        self._home = home
        self._is_publishing = is_publishing
        self._line = Line(lambda: connect(url, is_publishing=is_publishing))

    def fetch(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the payloads of *keys* that the server has and tells in time."""
        wanted = list(keys)
        patience_s = _LEAST_S + _A_FACT_S * len(wanted)
        return self._asked(lambda facts: facts.fetch(wanted), patience_s) or {}

    def put(self, payloads: Mapping[bytes, bytes]) -> None:
        """Publish *payloads*, if that is for this process to do."""
        if self._is_publishing and payloads:
            self._asked(lambda facts: facts.put(payloads), _PUBLISH_S)

    def publish_lacking(self, local: FactStore, keys: Iterable[bytes]) -> bool:
        """Publish those of *keys* that the server lacks; return whether all are there now.

        The others count as used: they are spared until no server worker has them any more.
        """
        listed = list(keys)
        lacking = self._asked(lambda facts: _compared(facts, listed), _PUBLISH_S, is_knocking=True)
        if not lacking:
            return lacking is not None
        payloads = local.fetch(lacking)
        return self._asked(lambda facts: _put_all(facts, payloads), _PUBLISH_S) or False

    def close(self) -> None:
        """Give the connection back, if there is one."""
        self._line.close()

    def _asked(
        self,
        request: Callable[[PostgresFacts], A],
        patience_s: float,
        *,
        is_knocking: bool = False,
    ) -> A | None:
        """Return the answer, or None where there is none in time.

        Args:
            request: What to ask.
            patience_s: How long to wait for the answer, in seconds.
            is_knocking: Whether the request itself may find out that the server is back, for
                nobody waits for it; else somebody knocks beside the work.
        """
        known = condition.read(self._home)
        if not known.is_usable:
            if not known.is_knock_due(time.time()):
                return None
            if not is_knocking:
                self._knock(known)
                return None
        try:
            answer = self._line.ask_anew(request, patience_s, connect_s=_CONNECT_S)
        except Exception as error:  # whatever it is: the work goes on without the team
            self._note_failure(error)
            return None
        if known.failures or time.time() - known.answered_at > _NOTE_EVERY_S:
            condition.write(self._home, Condition(answered_at=time.time()))
        return answer

    def _knock(self, known: Condition) -> None:
        """Find out beside the work whether the server is back."""
        condition.write(self._home, known.knocking(time.time()))

        def knock() -> None:
            try:
                self._line.ask_anew(
                    lambda facts: facts.fetch([b""]), _LEAST_S, connect_s=_CONNECT_S
                )
            except Exception as error:
                self._note_failure(error)
            else:
                condition.write(self._home, condition.read(self._home).back())

        threading.Thread(target=knock, name="knock", daemon=True).start()

    def _note_failure(self, error: Exception) -> None:
        known = condition.read(self._home)
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        told = f"{error} ({error.hint})" if isinstance(error, RtkqError) and error.hint else error
        condition.write(self._home, known.failed(str(told), time.time(), jitter))
        if not known.failures:
            _log.warning("going on without the team's facts: %s", told)


def _compared(facts: PostgresFacts, keys: list[bytes]) -> list[bytes]:
    facts.note_use(keys)
    return facts.lacking(keys)


def _put_all(facts: PostgresFacts, payloads: Mapping[bytes, bytes]) -> bool:
    facts.put(payloads)
    return True


def connect(url: str, *, is_publishing: bool) -> PostgresFacts:
    """Return the facts at *url*, connected.

    Raises:
        ExtraMissing: The driver is not installed.
        StoreError: The database cannot be reached or used.
    """
    try:
        from rtkq.team.facts_table import PostgresFacts
    except ImportError as error:
        raise ExtraMissing("the team's database", "team", error.name or "psycopg") from error
    return PostgresFacts(url, is_publishing=is_publishing)
