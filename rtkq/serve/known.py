"""Who is known: callers by the place they ask from and by the token they show."""

from __future__ import annotations

import base64
import time

from starlette.datastructures import Headers
from starlette.types import Scope

from rtkq import team
from rtkq.access import OWNER, STRANGER, Caller, granted, is_same
from rtkq.config import Settings
from rtkq.serve.failures import Refused
from rtkq.serve.grants import Grants


class Known:
    """Tells a caller by a request."""

    def __init__(self, settings: Settings, *, is_server: bool) -> None:
        """Know the owner.

        Args:
            settings: Those in force.
            is_server: Know the bearers of grants as well, and over TCP nobody without a token.
        """
        self._token = settings.serve.token
        self._grants = Grants(team.grants(settings)) if is_server else None

    async def caller(self, scope: Scope, headers: Headers) -> Caller:
        """Return who sends the request of *scope*; who shows nothing is a stranger.

        Raises:
            Refused: The token that is shown is not known, or that cannot be found out now.
        """
        # Who can open the unix socket is this user already: its file is closed to all others.
        if scope.get("client") is None or not (self._token or self._grants):
            return OWNER
        shown = _shown(headers)
        if shown is None:
            return STRANGER
        if self._token and is_same(shown, self._token):
            return OWNER
        grants = await self._grants.read() if self._grants else []
        grant = granted(shown, grants, time.time())
        if grant is None:
            raise Refused(401, "token", "this token is not known", "ask whoever gave it to you")
        return grant.caller

    def close(self) -> None:
        """Give back what was opened to find out."""
        if self._grants:
            self._grants.close()


def _shown(headers: Headers) -> str | None:
    """Return the token that a request shows; None where it shows nothing of the kind."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value
    # Git servers let an address hold a name and a password, or have a header of their own.
    if scheme.lower() == "basic":
        return _password(value)
    return headers.get("x-gitlab-token")


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
