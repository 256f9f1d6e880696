"""One connection, and what its other end may take: bounded time, bounded memory, one place.

A head comes within a time and a size, an answer is read within a time, and where too many are
connected, whoever has been silent longest gives way. What a request says is not judged here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rtkq.serve.failures import plain_answer

#: From connecting, or from the last answer's first successor byte, to a whole head, in seconds.
HEAD_PATIENCE_S = 10.0
#: The same for one that was accepted in the moment of ending.
_LAST_PATIENCE_S = 0.5
#: For reading what was sent, in seconds.
_READ_PATIENCE_S = 20.0
_LARGEST_HEAD_BYTES = 64 * 1024
#: With all that frames it: more than any body that is let in takes, unless sent in crumbs.
_LARGEST_BODY_BYTES = 32 * 1024 * 1024
MOST_CONNECTIONS = 512
#: Requests that one client may send before the first of them is answered.
_MOST_AHEAD = 100


class Connection(HttpToolsProtocol):
    """A connection to one client."""

    _head_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None
    _is_last = False
    _is_in_head = False
    #: Of the head or body that is coming in, less what came in the piece in which it began.
    _taken_bytes = 0
    _silent_since = 0.0

    def __init__(self, *values: Any, is_ending: Callable[[], bool], **named: Any) -> None:
        """Serve one connection.

        Args:
            values: What the server gives each of them.
            is_ending: Tells whether the server was told to end.
            named: As *values*.
        """
        super().__init__(*values, **named)
        self._is_ending = is_ending

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def can_go(self) -> bool:
        """Whether it may be closed to make room for another."""
        return self.is_idle and not self.transport.is_closing()

    # -- from the transport ------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _send_at_once(transport)
        self._await_head(HEAD_PATIENCE_S)
        if self._is_ending():
            self.shutdown()  # taken in the moment in which the others were told
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self._taken_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._taken_bytes > (_LARGEST_HEAD_BYTES if self._is_in_head else _LARGEST_BODY_BYTES):
            self._refuse(431, "size", "the request is too large")
        elif self.is_idle and self._head_timer is None:
            self._await_head(HEAD_PATIENCE_S)

    def eof_received(self) -> bool:  # type: ignore[override]
        # Who has asked and sends no more, as ``nc -N`` does, still waits for the answer.
        if self.is_idle or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_timer = _stopped(self._read_timer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_timer = _stopped(self._head_timer)
        self._read_timer = _stopped(self._read_timer)
        super().connection_lost(exc)

    # -- from the parser ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._taken_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind a body is nothing that anybody asks for.
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._taken_bytes = 0
        self._head_timer = _stopped(self._head_timer)
        # An address would name another host than the one that is looked at.
        if not self.url.startswith(b"/") or len(self.pipeline) > _MOST_AHEAD:
            raise ValueError
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "malformed", msg)

    # -- from the server ---------------------------------------------------------------------

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._silent_since = self.loop.time()
        if self.transport.is_closing():
            self._await_reader()

    def shutdown(self) -> None:
        if not self.is_idle:
            super().shutdown()
            return
        # A request may be on the way: it is answered, not turned away.
        self._is_last = True
        self._await_head(_LAST_PATIENCE_S)

    def timeout_keep_alive_handler(self) -> None:
        self.transport.abort()

    # ----------------------------------------------------------------------------------------

    def _await_head(self, patience_s: float) -> None:
        self._head_timer = _stopped(self._head_timer)
        self._silent_since = self.loop.time()
        self._head_timer = self.loop.call_later(patience_s, self.transport.abort)

    def _await_reader(self) -> None:
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(_READ_PATIENCE_S, self.transport.abort)

    def _make_room(self) -> None:
        idle = [one for one in self.connections if isinstance(one, Connection) and one.can_go]
        others = [one for one in idle if one is not self]
        if others:
            min(others, key=lambda one: one._silent_since).transport.abort()
        else:
            self._refuse(503, "busy", f"{MOST_CONNECTIONS} requests are being answered")

    def _refuse(self, status: int, kind: str, message: str) -> None:
        self.transport.write(plain_answer(status, kind, message))
        self.transport.close()
        self._await_reader()


def _stopped(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Stop a *timer*, and return that there is none."""
    if timer is not None:
        timer.cancel()
    return None


def _send_at_once(transport: asyncio.Transport) -> None:
    # Head and body are sent one after the other, and the kernel would keep the body back until
    # the head is acknowledged, some 40 ms. Asyncio asks for that only of sockets that were made
    # with the number of their protocol, which those that listen here were not.
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
