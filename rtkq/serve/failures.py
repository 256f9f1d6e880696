"""Failures as answers: the same three words as on the command line, and a status."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rtkq.errors import RtkqError
from rtkq.serve.shapes import ErrorAnswer, Problem

_STATUS = {"project": 404, "busy": 503, "full": 507, "timeout": 504, "usage": 422}
_KIND = {400: "malformed", 401: "token", 403: "foreign", 404: "path", 405: "method"}


class Refused(Exception):
    """A request that is not let in, or that cannot be understood.

    Args:
        status: The HTTP status it is answered with.
        kind: One word for programs.
        message: What was wrong with it.
        hint: What the sender can do.
    """

    def __init__(self, status: int, kind: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(kind, message, hint)


def answer(status: int, problem: Problem) -> Response:
    """Return *problem* as the answer to a request."""
    body = msgspec.json.encode(ErrorAnswer(problem))
    return Response(body, status, media_type="application/json")


def plain_answer(status: int, kind: str, message: str) -> bytes:
    """Return an answer for what is no request yet, with its head; the last one on its way."""
    body = msgspec.json.encode(ErrorAnswer(Problem(kind, message, "")))
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body


def refusal(error: Refused) -> Response:
    """Return the answer to a request that was refused; its body may never come, so hang up."""
    refused = answer(error.status, error.problem)
    refused.headers["connection"] = "close"
    return refused


async def on_refused(_request: Request, error: Exception) -> Response:
    """Answer a request that was refused."""
    assert isinstance(error, Refused)  # noqa: S101 (registered for nothing else)
    return refusal(error)


async def on_failure(_request: Request, error: Exception) -> Response:
    """Answer a request whose command failed."""
    assert isinstance(error, RtkqError)  # noqa: S101 (registered for nothing else)
    status = _STATUS.get(error.kind, 500)
    return answer(status, Problem(error.kind, error.message, error.hint))


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer a request for a path or with a method that nobody knows."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for nothing else)
    kind = _KIND.get(error.status_code, "http")
    found = answer(error.status_code, Problem(kind, error.detail, "GET /v1/openapi.json lists all"))
    found.headers.update(error.headers or {})
    return found


async def on_crash(_request: Request, error: Exception) -> Response:
    """Answer a request that met a defect of ours, without the error's text: it may quote a task."""
    return answer(500, Problem("defect", f"{type(error).__name__} in rtkq serve", "see its log"))
