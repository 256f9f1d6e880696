"""Asking a server that may be slow, silent or gone, and never waiting longer than one wants to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from rtkq.errors import StoreError, Timeout


class Connection(Protocol):
    """What a line needs to know of a connection."""

    def cut(self) -> None:
        """End it from another thread: whoever waits for its answer gets an error instead."""

    def close(self) -> None:
        """Say goodbye, where nobody waits for its answer."""


C = TypeVar("C", bound=Connection)
A = TypeVar("A")


class Line(Generic[C]):
    """A connection that is made when it is needed, and cut when it keeps somebody waiting.

    Each request runs in a thread of its own: neither looking up a name nor an answer that
    trickles in can be bounded otherwise. One that was given up ends by itself, unheard.
    """

    def __init__(self, connect: Callable[[], C]) -> None:
        self._connect = connect
        self._connection: C | None = None
        #: Number of the request that is waited for.
        self._request = 0
        self._one_at_a_time = threading.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, which may have died since it was used."""
        return self._connection is not None

    def ask(self, request: Callable[[C], A], patience_s: float) -> A:
        """Return the answer to *request*.

        Args:
            request: What to ask of the connection.
            patience_s: How long to wait in all, in seconds.

        Raises:
            Timeout: There was no answer in time.
            Exception: Whatever *request* or connecting raised.
        """
        with self._one_at_a_time:
            answer: Future[A] = Future()
            carry = (self._request, request, answer)
            threading.Thread(target=self._carry, args=carry, name="team", daemon=True).start()
            try:
                return answer.result(patience_s)
            except NotInTime:
                raise Timeout(f"no answer within {patience_s:.1f} s") from None
            finally:
                if not answer.done() or answer.exception():
                    self._hang_up()

    def ask_anew(
        self, request: Callable[[C], A], patience_s: float, *, connect_s: float = 0.0
    ) -> A:
        """Return the answer to *request*, over a new connection where the old one fails.

        That a connection died while nobody used it says nothing of the server.

        Args:
            request: What to ask of the connection.
            patience_s: How long to wait for the answer, in seconds.
            connect_s: What comes on top where a connection is to be made.

        Raises:
            Timeout: There was no answer in time.
            Exception: Whatever *request* or connecting raised.
        """
        if self.is_connected:
            with suppress(StoreError):
                return self.ask(request, patience_s)
        return self.ask(request, patience_s + connect_s)

    def close(self) -> None:
        """Close the connection, if there is one; the next request makes another."""
        with self._one_at_a_time:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _carry(self, number: int, request: Callable[[C], A], answer: Future[A]) -> None:
        connection = None
        try:
            connection = self._connected(number)
            answer.set_result(request(connection))
        except BaseException as error:
            if connection is not None:
                connection.close()
            answer.set_exception(error)
        else:
            if number != self._request:  # given up meanwhile
                connection.close()

    def _connected(self, number: int) -> C:
        connection = self._connection or self._connect()
        if number == self._request:
            self._connection = connection
        return connection

    def _hang_up(self) -> None:
        self._request += 1
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cut()
