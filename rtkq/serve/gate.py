"""Who asks: the sender's host, origin and token are looked at before anything is read.

A page of a foreign site that the user has open can send requests to loopback. Such a request
bears the site's ``Origin``, or after a DNS trick its ``Host``; both are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rtkq.serve import failures
from rtkq.serve.failures import Refused
from rtkq.serve.known import Known

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LARGEST_BODY_BYTES = 16 * 1024 * 1024
#: All that is being read together; whoever comes then is told to come again.
_MOST_HELD_BYTES = 64 * 1024 * 1024
#: From the head of a request to the end of its body, in seconds.
_PATIENCE_S = 10.0


class Gate:
    """Lets in what may come in, notes who sends it, and cuts off what is too large or too slow."""

    def __init__(self, app: ASGIApp, *, names: Iterable[str], known: Known) -> None:
        """Stand before *app*.

        Args:
            app: What is protected; it finds the caller in the state of a request.
            names: Host names, beside those of loopback, under which we are asked.
            known: Tells callers by what they show.
        """
        self._app = app
        self._names = _LOOPBACK | frozenset(names)
        self._known = known
        self._held = _Held()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check(headers)
            ask = partial(self._known.caller, scope, headers)
            # Asked again by what lasts longer than a grant may.
            scope.setdefault("state", {}).update(caller=await ask(), caller_now=ask)
        except Refused as error:
            await failures.refusal(error)(scope, receive, send)
            return
        body = _Body(receive, self._held)
        try:
            await self._app(scope, body, send)
        finally:
            body.let_go()

    def _check(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) > 1 or len(headers.getlist("origin")) > 1:
            raise Refused(400, "malformed", "Host and Origin are given once")
        if _name_of(host) not in self._names:
            raise Refused(403, "foreign", "this Host is not served", "ask for localhost")
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise Refused(403, "foreign", "requests of other sites are not served")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(415, "type", "a body is not compressed", "leave out Content-Encoding")
        size = headers.get("content-length", "0")
        if not size.isdigit() or int(size) > _LARGEST_BODY_BYTES:
            raise Refused(413, "size", f"a body has at most {_LARGEST_BODY_BYTES} bytes")


def _name_of(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


class _Held:
    """How much of the bodies of all requests is in memory."""

    size = 0


class _Body:
    """The body of one request as it comes in: neither larger nor slower than allowed."""

    def __init__(self, receive: Receive, held: _Held) -> None:
        self._receive = receive
        self._held = held
        self._until = asyncio.get_running_loop().time() + _PATIENCE_S
        self._size = 0
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()  # who listens for the sender's leaving may wait long
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise self._refused(408, "slow", "the body did not come in time") from None
        self._is_whole = not message.get("more_body", False)
        self._take(len(message.get("body", b"")))
        return message

    def let_go(self) -> None:
        """Count this body no longer."""
        self._held.size -= self._size

    def _take(self, size: int) -> None:
        self._size += size
        self._held.size += size
        if self._size > _LARGEST_BODY_BYTES:
            raise self._refused(413, "size", f"a body has at most {_LARGEST_BODY_BYTES} bytes")
        if self._held.size > _MOST_HELD_BYTES:
            raise self._refused(503, "busy", "too many large bodies at the same time", "try again")

    def _refused(self, status: int, kind: str, message: str, hint: str = "") -> Refused:
        self._is_whole = True
        return Refused(status, kind, message, hint)
