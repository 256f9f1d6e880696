"""What goes on, as it goes on: one reader of the stores for however many who watch.

Server-sent events: a line ``data: {document}`` whenever something changed, a comment else, so
that whoever left is noticed.

Source:
    https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from rtkq import transcripts
from rtkq.answers.activity import activity
from rtkq.answers.followed import followed
from rtkq.answers.metrics import Counts
from rtkq.errors import RtkqError
from rtkq.serve.service import Service

_log = logging.getLogger(__name__)

_EVERY_S = 1.0
#: Transcripts are long, and what is opened after a context is opened within minutes.
_FOLLOW_EVERY_S = 30.0
_FOLLOWED_S = 6 * 3600.0
#: Reading may take this part of the time, so that many projects cannot keep the thread busy.
_LARGEST_SHARE = 0.1


class Live:
    """The latest activity, read while somebody watches."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._changed = asyncio.Condition()
        self._event = b""
        self._opened: dict[tuple[int, str], list[str]] = {}
        self._follow_at = 0.0
        self._watching = 0
        self._reading: asyncio.Task[None] | None = None

    async def stream(self, _service: Service, request: Request) -> Response:
        """Send what goes on until the page is closed."""
        return StreamingResponse(
            self._events(request),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def close(self) -> None:
        """Stop reading, and let those who watch go."""
        if self._reading is not None:
            self._reading.cancel()

    async def _events(self, request: Request) -> AsyncIterator[bytes]:
        self._watching += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        sent = b""
        try:
            while not await request.is_disconnected() and not self._service.is_ending:
                if self._event != sent:
                    sent = self._event
                    yield b"data: " + sent + b"\n\n"
                else:
                    yield b":\n\n"
                async with self._changed:
                    await self._changed.wait()
        finally:
            self._watching -= 1

    def _document(self) -> bytes:
        settings = self._service.settings
        now = time.monotonic()
        if now >= self._follow_at:
            last = Counts(settings.home, time.time() - _FOLLOWED_S).given
            self._opened = followed(settings, transcripts.folders(os.environ), last)
            self._follow_at = now + _FOLLOW_EVERY_S
        return msgspec.json.encode(activity(settings, self._opened))

    async def _read(self) -> None:
        """Read again and again while anybody watches."""
        while self._watching and not self._service.is_ending:
            began = time.monotonic()
            try:
                self._event = await self._service.in_store_thread(self._document)
            except RtkqError as error:
                self._event = msgspec.json.encode({"error": error.message})
            except Exception as error:
                # A defect must not leave a page that looks alive and is not.
                _log.exception("reading what goes on failed")
                told = f"{type(error).__name__} in rtkq serve: see its log"
                self._event = msgspec.json.encode({"error": told})
            async with self._changed:
                self._changed.notify_all()
            took = time.monotonic() - began
            await asyncio.sleep(max(_EVERY_S, took / _LARGEST_SHARE))
        async with self._changed:
            self._changed.notify_all()
