"""One path of the interface: what answers it, whom, and what its requests and answers hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rtkq.access import Caller, Role
from rtkq.serve.failures import Refused
from rtkq.serve.service import Service

Endpoint = Callable[[Service, Request], Awaitable[Response]]


class For(Enum):
    """Whom a path answers."""

    #: It tells nothing about any project, or finds out by itself who asks.
    EVERYBODY = frozenset(Role)
    #: It tells each of those projects only that exist for the caller.
    READERS = frozenset({Role.OWNER, Role.READER})
    #: It takes announcements.
    WEBHOOKS = frozenset({Role.OWNER, Role.WEBHOOK})
    OWNER = frozenset({Role.OWNER})


class Path(NamedTuple):
    """One path of the interface."""

    method: str
    path: str
    #: Without a default: who adds a path says whom it answers.
    audience: For
    endpoint: Endpoint
    #: Shape of the answer; None for what is no document of ours.
    answer: type[msgspec.Struct] | None = None
    #: Shape of the body; None where there is none, or where it is an agent's.
    request: type[msgspec.Struct] | None = None

    def check(self, caller: Caller) -> None:
        """Let *caller* pass.

        Raises:
            Refused: It is not for such a caller.
        """
        if caller.role in self.audience.value:
            return
        if caller.role is Role.STRANGER:
            raise Refused(401, "token", "a token is needed", "send Authorization: Bearer TOKEN")
        raise Refused(403, "scope", "this token is not for that", "ask whoever gave it to you")
