"""The application: every path, what answers it, and what its requests and answers hold."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rtkq.errors import RtkqError
from rtkq.serve import api, failures, hooks, openapi, page, shapes, webhook
from rtkq.serve.gate import Gate
from rtkq.serve.known import Known
from rtkq.serve.live import Live
from rtkq.serve.path import For, Path
from rtkq.serve.service import Service

_log = logging.getLogger(__name__)

#: The status of an answer that nobody is there to read.
_NOBODY_WAITS = 400


PATHS = (
    Path("GET", "/v1/health", For.EVERYBODY, api.health, shapes.Health),
    Path("GET", "/v1/status", For.READERS, api.status, shapes.StatusAnswer),
    Path("POST", "/v1/plan", For.READERS, api.plan_task, shapes.PlanAnswer, shapes.PlanRequest),
    Path(
        "POST",
        "/v1/explore",
        For.READERS,
        api.explore_project,
        shapes.ExploreAnswer,
        shapes.ExploreRequest,
    ),
    Path(
        "POST",
        "/v1/context",
        For.READERS,
        api.explore_project,
        shapes.ExploreAnswer,
        shapes.ExploreRequest,
    ),
    Path(
        "POST", "/v1/delta", For.READERS, api.list_changes, shapes.DeltaAnswer, shapes.DeltaRequest
    ),
    Path("POST", "/v1/refresh", For.OWNER, api.refresh, shapes.StatusAnswer, shapes.RefreshRequest),
    Path("POST", "/v1/hook/{agent}", For.READERS, hooks.answer_hook),
    Path(
        "POST", "/v1/webhook", For.WEBHOOKS, webhook.announce, shapes.Announced, shapes.Announcement
    ),
    Path("GET", "/v1/picture", For.READERS, api.draw, shapes.Picture),
    Path("GET", "/metrics", For.READERS, api.exposition),
)


def application(service: Service) -> ASGIApp:
    """Return the application that serves what *service* knows."""
    needs_token = bool(service.settings.serve.token) or service.is_server
    document = msgspec.json.encode(openapi.document(PATHS, needs_token=needs_token))

    async def describe(_service: Service, _request: Request) -> Response:
        return Response(document, media_type="application/json")

    routes = [_route(service, path) for path in PATHS]
    live = Live(service)
    beside = (
        Path("GET", "/v1/openapi.json", For.EVERYBODY, describe),
        Path("GET", "/v1/live", For.READERS, live.stream),
        Path("GET", "/", For.EVERYBODY, page.page),
        Path("GET", "/page/{name}", For.EVERYBODY, page.part),
    )
    routes += [_route(service, path) for path in beside]
    known = Known(service.settings, is_server=service.is_server)
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(
                Gate,
                names=service.settings.serve.names,
                known=known,
            )
        ],
        exception_handlers={
            failures.Refused: failures.on_refused,
            RtkqError: failures.on_failure,
            HTTPException: failures.on_http_error,
        },
        lifespan=_lifespan(service, live, known),
    )


def _route(service: Service, path: Path) -> Route:
    async def serve(request: Request) -> Response:
        try:
            path.check(request.state.caller)
            return await path.endpoint(service, request)
        except (failures.Refused, RtkqError, HTTPException):
            raise
        except ClientDisconnect:
            return Response(status_code=_NOBODY_WAITS)
        except Exception as error:
            # Its text may quote a task, so kind and place are all that is written down.
            _log.error("%s in %s", type(error).__name__, path.path)
            return await failures.on_crash(request, error)

    return Route(path.path, serve, methods=[path.method])


def _lifespan(
    service: Service, live: Live, known: Known
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await live.close()
        known.close()
        service.close()

    return lifespan
