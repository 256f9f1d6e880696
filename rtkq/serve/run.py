"""The serving process: listens, drains when told to end, starts anew when told to reload."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rtkq.serve import sockets
from rtkq.serve.app import application
from rtkq.serve.service import Service

#: From connecting, or from the last answer, to the whole head of a request, in seconds.
_HEAD_PATIENCE_S = 10.0
#: The same for one that was accepted in the moment of ending.
_LAST_PATIENCE_S = 0.5
_DRAIN_S = 5
_KEEP_ALIVE_S = 30
_MOST_CONNECTIONS = 512


class _Connection(HttpToolsProtocol):
    """A connection that is closed when no request comes over it."""

    _patience: asyncio.TimerHandle | None = None
    _is_last = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _send_at_once(transport)
        self._patience = self.loop.call_later(_HEAD_PATIENCE_S, transport.close)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        if self.cycle is not None:
            super().shutdown()
            return
        # Accepted, and its first request may be on the way: it is answered, not turned away.
        self._is_last = True
        self._stop_waiting()
        self._patience = self.loop.call_later(_LAST_PATIENCE_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _send_at_once(transport: asyncio.Transport) -> None:
    # Head and body are sent one after the other, and the kernel would keep the body back until
    # the head is acknowledged, some 40 ms. Asyncio asks for that only of sockets that were made
    # with the number of their protocol, which those that listen here were not.
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def run(service: Service, listening: list[socket.socket], *, on_ready: Callable[[], None]) -> int:
    """Serve on the *listening* sockets until SIGTERM or SIGINT; return the exit code.

    What is being answered is answered to its end. SIGHUP starts the program anew in this
    process: settings and code are read again, and nobody who connects meanwhile is turned away.

    Args:
        service: What is served.
        listening: Open sockets; closed at the end.
        on_ready: Called once signals are heeded, just before the first request is.
    """
    kept = [one.dup() for one in listening]
    serving = server(service)
    signals = _remembered_signals(serving)
    on_ready()
    # What is loaded by now stays: the collector need not look at it again at every pass.
    gc.freeze()
    asyncio.run(serving.serve(sockets=listening))
    if signal.SIGHUP in signals:
        sockets.hand_over(kept)
        os.execv(sys.executable, [sys.executable, "-m", "rtkq.cli", *sys.argv[1:]])
    for one in kept:
        sockets.close(one)
    return 130 if signal.SIGINT in signals else 0


def server(service: Service) -> uvicorn.Server:
    """Return the server of what *service* knows, not serving yet."""
    config = uvicorn.Config(
        lambda: application(service),
        factory=True,
        http=_Connection,
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    return _Server(config, service)


class _Server(uvicorn.Server):
    """A server that lets those who wait for news go when it is told to end."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.is_ending = True
        super().handle_exit(sig, frame)


def _remembered_signals(serving: uvicorn.Server) -> list[int]:
    """Let signals end *serving*, and return the list that they will be written into.

    The server catches SIGTERM and SIGINT itself and raises them again when it has drained.
    """
    signals: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        serving.handle_exit(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, remember)
    return signals
