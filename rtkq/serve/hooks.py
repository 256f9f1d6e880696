"""The hook without a process: an agent posts the document that it would write to a hook's stdin.

The same code answers as in the process, so the receipts, the policy and the text are the same.
"""

from __future__ import annotations

from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rtkq.access import Caller, Role
from rtkq.errors import Timeout
from rtkq.serve.service import Service
from rtkq_hooks import checkout, main

#: Says nothing, in every agent's dialect.
_NOTHING = b"{}\n"


class _Document(msgspec.Struct):
    """Of what an agent sends, what tells where it works."""

    cwd: str = ""


async def answer_hook(service: Service, request: Request) -> Response:
    """Answer one document of an agent.

    In the thread of the event loop: a few milliseconds of arithmetic on numbers that lie ready,
    less than handing it to another thread under load would take.
    """
    agent = request.path_params["agent"]
    document = await request.body()
    caller: Caller = request.state.caller

    def is_noted(root: str) -> bool:
        # A receipt lets a checkout be registered, which is for the owner alone to cause.
        if caller.role is Role.OWNER:
            return True
        return caller.sees(root) and checkout.is_known(service.settings.home, root)

    deadline_s = service.settings.hook.deadline_ms / 1000
    try:
        if service.remote.points:
            await service.remote.reach(_folder(document), deadline_s)
    except Timeout:
        return Response(_NOTHING, media_type="application/json")
    run = partial(main.run, agent, document, service.hook_settings, is_noted=is_noted)
    printed = await service.with_memories(run, caller.sees, deadline_s)
    return Response(printed or _NOTHING, media_type="application/json")


def _folder(document: bytes) -> str:
    try:
        return msgspec.json.decode(document, type=_Document).cwd
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
