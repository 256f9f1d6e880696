"""The serving process: listens, drains when told to end, starts anew when told to reload."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from rtkq.serve import sockets
from rtkq.serve.app import application
from rtkq.serve.connection import Connection
from rtkq.serve.service import Service
from rtkq.serve.sockets import BACKLOG

_DRAIN_S = 5
_KEEP_ALIVE_S = 30
#: Connections taken in one turn of the loop, so that a flood cannot use up all descriptors.
_TAKEN_AT_ONCE = 128


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
        http=partial(Connection, is_ending=lambda: service.is_ending),  # type: ignore[arg-type]
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        backlog=_TAKEN_AT_ONCE,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    return _Server(config, service)


class _Server(uvicorn.Server):
    """A server that lets those who wait for news go when it is told to end."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._is_up = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or ():
            # The server asked the kernel to keep no more waiting than it takes at once.
            one.listen(BACKLOG)
        asyncio.get_running_loop().call_soon(self._be_up)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.is_ending = True
        super().handle_exit(sig, frame)
        # Before it is up it would leave without answering those who are connected.
        self.should_exit = self._is_up

    def _be_up(self) -> None:
        self._is_up = True
        self.should_exit = self._service.is_ending


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
