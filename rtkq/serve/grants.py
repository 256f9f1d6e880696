"""The grants in force, as they stood a moment ago."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from rtkq.access import Grant, GrantStore
from rtkq.errors import RtkqError
from rtkq.serve.failures import Refused

_log = logging.getLogger(__name__)

#: A token that is removed is known for this long at most, in seconds.
FRESH_S = 2.0


class Grants:
    """What a store of grants holds, read at most every two seconds, however many ask."""

    def __init__(self, store: GrantStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._found: list[Grant] | None = None
        self._read_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> list[Grant]:
        """Return the grants in force.

        Raises:
            Refused: They cannot be read. Nobody is let in by what was true some time ago.
        """
        async with self._one_at_a_time:
            now = self._clock()
            if now - self._read_at > FRESH_S:
                self._found = await asyncio.to_thread(self._attempt)
                # After a failure nobody who waited for it is to wait for another one.
                self._read_at = self._clock() if self._found is None else now
        if self._found is None:
            raise Refused(503, "grants", "tokens cannot be looked up now", "try again in a while")
        return self._found

    def close(self) -> None:
        """Give the store back."""
        self._store.close()

    def _attempt(self) -> list[Grant] | None:
        try:
            return self._store.grants()
        except RtkqError as error:
            _log.error("tokens cannot be looked up: %s", error.message)
            return None
