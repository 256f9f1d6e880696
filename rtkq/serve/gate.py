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
#: A client that sends nothing for this long has lost its turn, in seconds.
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
        await self._app(scope, _Body(receive), send)

    def _check(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if _name_of(host) not in self._names:
            raise Refused(403, "foreign", "this Host is not served", "ask for localhost")
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise Refused(403, "foreign", "requests of other sites are not served")
        size = headers.get("content-length", "0")
        if not size.isdigit() or int(size) > _LARGEST_BODY_BYTES:
            raise Refused(413, "size", f"a body has at most {_LARGEST_BODY_BYTES} bytes")


def _name_of(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


class _Body:
    """The body of one request as it comes in: neither larger nor slower than allowed."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = _LARGEST_BODY_BYTES
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()  # who listens for the sender's leaving may wait long
        try:
            message = await asyncio.wait_for(self._receive(), _PATIENCE_S)
        except TimeoutError:
            raise self._refused(408, "slow", "the body did not come in time") from None
        self._is_whole = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._refused(413, "size", f"a body has at most {_LARGEST_BODY_BYTES} bytes")
        return message

    def _refused(self, status: int, kind: str, message: str) -> Refused:
        self._is_whole = True
        return Refused(status, kind, message)
