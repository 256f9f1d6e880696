"""What goes on, as it goes on: one reader of the stores for however many who see the same.

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
from rtkq.access import Caller
from rtkq.answers.activity import activity
from rtkq.answers.followed import followed
from rtkq.answers.metrics import Counts
from rtkq.errors import RtkqError
from rtkq.serve.failures import Refused
from rtkq.serve.service import Service

_log = logging.getLogger(__name__)

_EVERY_S = 1.0
#: Transcripts are long, and what is opened after a context is opened within minutes.
_FOLLOW_EVERY_S = 30.0
_FOLLOWED_S = 6 * 3600.0
#: Reading may take this part of the time, so that many projects cannot keep the thread busy.
_LARGEST_SHARE = 0.1


class Live:
    """What goes on, told to each caller as far as it sees it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._feeds: dict[Caller, _Feed] = {}

    async def stream(self, _service: Service, request: Request) -> Response:
        """Send what goes on until the page is closed."""
        # One for each caller that ever watched: as many as there are grants, at most.
        feed = self._feeds.setdefault(
            request.state.caller, _Feed(self._service, request.state.caller)
        )
        return StreamingResponse(
            feed.events(request),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def close(self) -> None:
        """Stop reading, and let those who watch go."""
        for feed in self._feeds.values():
            feed.close()


class _Feed:
    """The latest activity that one caller sees, read while somebody watches."""

    def __init__(self, service: Service, caller: Caller) -> None:
        self._service = service
        self._caller = caller
        self._changed = asyncio.Condition()
        self._event = b""
        self._opened: dict[tuple[int, str], list[str]] = {}
        self._follow_at = 0.0
        self._watching = 0
        self._reading: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()

    async def events(self, request: Request) -> AsyncIterator[bytes]:
        """Yield what is sent to one who watches."""
        self._watching += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        sent = b""
        try:
            while await self._is_to_go_on(request):
                if self._event != sent:
                    sent = self._event
                    yield b"data: " + sent + b"\n\n"
                else:
                    yield b":\n\n"
                async with self._changed:
                    await self._changed.wait()
        finally:
            self._watching -= 1

    async def _is_to_go_on(self, request: Request) -> bool:
        if self._service.is_ending or await request.is_disconnected():
            return False
        try:
            return bool(await request.state.caller_now() == self._caller)
        except Refused:
            return False  # the token was removed meanwhile

    def _document(self) -> bytes:
        settings = self._service.settings
        now = time.monotonic()
        if now >= self._follow_at:
            since = time.time() - _FOLLOWED_S
            last = Counts(settings.home, since, self._caller.sees).given
            self._opened = followed(settings, transcripts.folders(os.environ), last)
            self._follow_at = now + _FOLLOW_EVERY_S
        return msgspec.json.encode(activity(settings, self._opened, self._caller.sees))

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
