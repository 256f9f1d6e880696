"""One path of the interface: what answers it, and what its requests and answers hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rtkq.serve.service import Service

Endpoint = Callable[[Service, Request], Awaitable[Response]]


class Path(NamedTuple):
    """One path of the interface."""

    method: str
    path: str
    endpoint: Endpoint
    #: Shape of the answer; None for what is no document of ours.
    answer: type[msgspec.Struct] | None = None
    #: Shape of the body; None where there is none, or where it is an agent's.
    request: type[msgspec.Struct] | None = None
