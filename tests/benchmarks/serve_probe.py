"""Run by ``serve_hook``: the real ``rtkq serve`` with two paths more, and recall's time taken.

``POST /empty`` reads its body and answers ``{}``: the same way in and out, and nothing between.
``POST /spent`` tells what was spent since it was asked last.
"""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rtkq import recall
from rtkq.cli import main
from rtkq.serve import api, app
from rtkq.serve.path import For, Path
from rtkq.serve.service import Service

_context = recall.context
_recalls_ms: list[float] = []
_spent_ns = 0


def _timed(*values: Any, **named: Any) -> recall.Context:
    began_ns = time.thread_time_ns()
    try:
        return _context(*values, **named)
    finally:
        _recalls_ms.append((time.thread_time_ns() - began_ns) / 1e6)


async def _empty(_service: Service, request: Request) -> Response:
    await request.body()
    return Response(b"{}", media_type="application/json")


async def _spent(_service: Service, _request: Request) -> Response:
    global _spent_ns
    now_ns = time.process_time_ns()
    told = {"recalls_ms": _recalls_ms, "cpu_ms": (now_ns - _spent_ns) / 1e6}
    answer = api.json_answer(told)
    _recalls_ms.clear()
    _spent_ns = time.process_time_ns()
    return answer


recall.context = _timed
app.PATHS = (
    *app.PATHS,
    Path("POST", "/empty", For.EVERYBODY, _empty),
    Path("POST", "/spent", For.EVERYBODY, _spent),
)
main()
