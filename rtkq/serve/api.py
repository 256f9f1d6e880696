"""The commands over HTTP: a body is checked, the command's document is the answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rtkq.access import Caller
from rtkq.answers import metrics, team_metrics
from rtkq.answers.delta import delta
from rtkq.answers.explore import explore, explored
from rtkq.answers.picture import picture
from rtkq.answers.plan import plan, planned
from rtkq.errors import ProjectError
from rtkq.recall import Memory
from rtkq.recall.intent import GENERAL, intent
from rtkq.serve.failures import Refused
from rtkq.serve.service import Service
from rtkq.serve.shapes import (
    DeltaRequest,
    ExploreRequest,
    Health,
    PlanRequest,
    RecallRequest,
    RefreshRequest,
)
from rtkq_workers import report

#: For a remote file system to answer, in seconds.
_PATIENCE_S = 2.0

R = TypeVar("R", bound=msgspec.Struct)


def json_answer(document: Any) -> Response:
    """Return *document* as an answer in JSON."""
    return Response(msgspec.json.encode(document), media_type="application/json")


def caller_of(request: Request) -> Caller:
    """Return who sends *request*, as the gate found out."""
    caller: Caller = request.state.caller
    return caller


async def health(service: Service, _request: Request) -> Response:
    """Say that the process serves."""
    return json_answer(Health("ok", version("rtkq"), os.getpid(), service.uptime_s))


async def status(service: Service, request: Request) -> Response:
    """Tell the state of one project, or of all of them."""
    folder = request.query_params.get("project_root")
    caller = caller_of(request)
    if folder is not None:
        await service.remote.reach(folder, _PATIENCE_S)
    return json_answer(await service.in_store_thread(partial(_status, service, folder, caller)))


async def plan_task(service: Service, request: Request) -> Response:
    """Give the context for a task."""
    asked = await body_of(request, PlanRequest)
    options: dict[str, Any] = {
        "task": asked.task,
        "budget_tokens": _whole(asked.budget),
        "top": _whole(asked.top),
        "is_traced": asked.trace,
    }
    shared = partial(planned, service.settings, **options)
    return await _recalled(service, request, asked, partial(plan, **options), shared)


async def explore_project(service: Service, request: Request) -> Response:
    """Give the layers of a project."""
    asked = await body_of(request, ExploreRequest)
    options: dict[str, Any] = {
        "query_type": asked.query_type or (intent(asked.task) if asked.task else GENERAL),
        "detail": asked.detail,
        "budget_tokens": _whole(asked.budget),
        "is_strict": asked.strict,
    }
    shared = partial(explored, service.settings, **options)
    return await _recalled(service, request, asked, partial(explore, **options), shared)


async def list_changes(service: Service, request: Request) -> Response:
    """Tell what changed since the last build, or since a revision."""
    asked = await body_of(request, DeltaRequest)
    return await _answered(service, request, asked.project_root, partial(delta, since=asked.since))


async def refresh(service: Service, request: Request) -> Response:
    """Bring a memory up to date, wait for it, and tell its state."""
    asked = await body_of(request, RefreshRequest)
    caller = caller_of(request)
    await service.remote.reach(asked.project_root, _PATIENCE_S)
    root = await service.in_store_thread(partial(service.root_of, asked.project_root, caller))
    await service.refresh(root, is_full=asked.full)
    return json_answer(await service.in_store_thread(partial(_status, service, root, caller)))


async def draw(service: Service, request: Request) -> Response:
    """Give a picture of a project: its folders by size and heat, and their imports."""
    folder = request.query_params.get("project_root", "")
    return await _answered(service, request, folder, picture)


async def exposition(service: Service, request: Request) -> Response:
    """Tell what hooks and workers did, for Prometheus."""
    sight = caller_of(request).sees
    body = await service.in_store_thread(partial(metrics.exposition, service.settings, sight))
    if service.team_counts:
        # Apart from the stores of this machine, which nobody's network is to hold up.
        body += await asyncio.to_thread(team_metrics.exposition, service.team_counts, sight)
    return Response(body, media_type=metrics.CONTENT_TYPE)


async def _answered(
    service: Service, request: Request, folder: str, command: Callable[..., dict[str, Any]]
) -> Response:
    def work() -> dict[str, Any]:
        return command(service.settings, service.root_of(folder, caller_of(request)))

    await service.remote.reach(folder, _PATIENCE_S)
    return json_answer(await service.in_store_thread(work))


async def _recalled(
    service: Service,
    request: Request,
    asked: RecallRequest,
    own: Callable[..., dict[str, Any]],
    shared: Callable[[Memory], dict[str, Any]],
) -> Response:
    """Answer from the memory of a folder, else from the team's of its remote, or of another one.

    Args:
        service: What is served.
        request: Whose body is *asked*.
        asked: Names a folder, a remote, or both.
        own: The command on a project of this machine.
        shared: The same command on a memory.

    Raises:
        ProjectError: There is no memory of what is named, or nothing is.
    """
    sees = caller_of(request).sees
    folder, remote = asked.project_root, asked.remote
    if folder is not None:
        try:
            return await _answered(service, request, folder, own)
        except ProjectError:
            found = await service.tell_of_folder(folder, sees, shared)
            if found is not None:
                return json_answer(found)
            if remote is None:
                raise
    if remote is None:
        raise ProjectError("the request names no project", "give project_root, or a remote")
    return json_answer(await service.tell_of_remote(remote, asked.commit, sees, shared))


def _status(service: Service, folder: str | None, caller: Caller) -> dict[str, Any]:
    if folder is None:
        projects = report.all_projects(service.settings, caller.sees)
    else:
        projects = [report.project(service.settings, service.root_of(folder, caller))]
    return {
        "projects": projects,
        "processes": report.processes(service.settings.home),
        "team": report.team(service.settings),
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


async def body_of(request: Request, shape: type[R]) -> R:
    """Return the body of *request*.

    Only as JSON: a form is all that a foreign page can send without asking the browser.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "type", "a body is JSON", "send Content-Type: application/json")
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.ValidationError as error:
        raise Refused(422, "usage", str(error), "GET /v1/openapi.json tells what fits") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, "malformed", f"the body is no JSON: {error}") from None
