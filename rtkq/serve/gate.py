"""Who may ask: the sender's host, origin and token are looked at before anything is read.

A page of a foreign site that the user has open can send requests to loopback. Such a request
bears the site's ``Origin``, or after a DNS trick its ``Host``; both are refused.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rtkq.serve import failures
from rtkq.serve.failures import Refused

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: Served without a token: they tell nothing about a project.
_OPEN_PATHS = ("/", "/v1/health", "/v1/openapi.json")
_PAGE = "/page/"
_LARGEST_BODY_BYTES = 16 * 1024 * 1024
#: A client that sends nothing for this long has lost its turn, in seconds.
_PATIENCE_S = 10.0


class Gate:
    """Lets in what may come in, and cuts off what is too large or too slow."""

    def __init__(self, app: ASGIApp, *, names: Iterable[str] = (), token: str = "") -> None:
        """Stand before *app*.

        Args:
            app: What is protected.
            names: Host names, beside those of loopback, under which we are asked.
            token: What senders over TCP must show; empty for nothing.
        """
        self._app = app
        self._names = _LOOPBACK | frozenset(names)
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope, Headers(scope=scope))
        except Refused as error:
            await failures.refusal(error)(scope, receive, send)
            return
        await self._app(scope, _Body(receive), send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if _name_of(host) not in self._names:
            raise Refused(403, "foreign", "this Host is not served", "ask for localhost")
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise Refused(403, "foreign", "requests of other sites are not served")
        if not self._is_known(scope, headers):
            raise Refused(401, "token", "a token is needed", "send Authorization: Bearer TOKEN")
        size = headers.get("content-length", "0")
        if not size.isdigit() or int(size) > _LARGEST_BODY_BYTES:
            raise Refused(413, "size", f"a body has at most {_LARGEST_BODY_BYTES} bytes")

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        # Who can open the unix socket is this user already: its file is closed to all others.
        if not self._token or scope.get("client") is None or _is_open(scope["path"]):
            return True
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(shown.encode(), self._token)


def _is_open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_PAGE)


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
