"""The page to look at: three files of our own, and nothing from anywhere else."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from rtkq.serve.failures import Refused
from rtkq.serve.service import Service

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS = {
    # Nothing is loaded from elsewhere, sent elsewhere, or shown inside another page.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_FOLDER = files("rtkq.serve") / "page"
_NAMES = frozenset({"page.css", "page.js", "treemap.js", "mark.svg"})


async def page(_service: Service, _request: Request) -> Response:
    """Give the page itself; it tells nothing until it is let in."""
    return _file("index.html")


async def part(_service: Service, request: Request) -> Response:
    """Give a part of the page."""
    name = request.path_params["name"]
    if name not in _NAMES:
        raise Refused(404, "path", "there is no such part of the page")
    return _file(name)


def _file(name: str) -> Response:
    kind = _TYPES[name.rpartition(".")[2]]
    return Response((_FOLDER / name).read_bytes(), media_type=kind, headers=_HEADERS)
