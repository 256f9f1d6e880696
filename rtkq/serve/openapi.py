"""The OpenAPI document, made from the shapes that requests are checked against."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from rtkq.serve.path import For, Path
from rtkq.serve.shapes import ErrorAnswer

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"
_TEXT = "text/plain"

#: What any request may be answered instead.
_ALWAYS = {
    400: "the request is malformed",
    403: "the caller may not ask that, or asks from another site",
    500: "rtkq failed",
    503: "a store or the daemon is busy",
}
_WITHOUT_TOKEN = {401: "a token is needed, or the one that is shown is not known"}
_OF_BODIES = {
    408: "the body did not come in time",
    413: "the body is too large",
    415: "the body is not JSON, or compressed",
}
_OF_SHAPES = {422: "a field is missing, unknown, or of a wrong type"}
_OF_PROJECTS = {
    404: "the folder lies in no registered project, or has no memory yet",
    504: "what was waited for took too long",
    507: "the disk is full",
}
_ASKED_BY_QUERY = {"/v1/status": False, "/v1/picture": True}


def document(paths: Sequence[Path], *, needs_token: bool) -> dict[str, Any]:
    """Return the description of *paths* as OpenAPI 3.1.

    Args:
        paths: Those that are described.
        needs_token: Whether requests over TCP must show a token.
    """
    shapes = [shape for path in paths for shape in (path.request, path.answer) if shape]
    _, schemas = msgspec.json.schema_components(
        [*dict.fromkeys(shapes), ErrorAnswer], ref_template=_REFERENCE
    )
    described: dict[str, Any] = {}
    for path in paths:
        operation = _operation(path, needs_token=needs_token)
        described.setdefault(path.path, {})[path.method.lower()] = operation
    schemes = {"token": {"type": "http", "scheme": "bearer"}} if needs_token else {}
    return {
        "openapi": "3.1.0",
        "info": {"title": "rtkq", "version": version("rtkq")},
        "paths": described,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _operation(path: Path, *, needs_token: bool) -> dict[str, Any]:
    asks_for_token = needs_token and path.audience is not For.EVERYBODY
    failures = _failures(path) | (_WITHOUT_TOKEN if asks_for_token else {})
    responses = {"200": {"description": "done", "content": _answer(path)}}
    for status, why in sorted(failures.items()):
        responses[str(status)] = {"description": why, "content": _holding(ErrorAnswer)}
    told: dict[str, Any] = {
        "summary": (path.endpoint.__doc__ or "").partition("\n")[0],
        "responses": responses,
    }
    if asks_for_token:
        told["security"] = [{"token": []}]
    if path.request:
        told["requestBody"] = {"required": True, "content": _holding(path.request)}
    if "{agent}" in path.path:
        told["parameters"] = [_parameter("agent", "path", is_required=True)]
        # Whatever an agent sends is answered, if only by nothing.
        told["requestBody"] = {"required": False, "content": {_JSON: {"schema": {}}}}
    if path.path in _ASKED_BY_QUERY:
        is_required = _ASKED_BY_QUERY[path.path]
        told["parameters"] = [_parameter("project_root", "query", is_required=is_required)]
    return told


def _failures(path: Path) -> dict[int, str]:
    found = dict(_ALWAYS)
    if path.method == "POST":
        found |= _OF_BODIES
    if path.request:
        found |= _OF_SHAPES
    if path.request or path.path in _ASKED_BY_QUERY:
        found |= _OF_PROJECTS
    return found


def _parameter(name: str, place: str, *, is_required: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": is_required, "schema": {"type": "string"}}


def _answer(path: Path) -> dict[str, Any]:
    if path.answer:
        return _holding(path.answer)
    if path.path == "/metrics":
        return {_TEXT: {"schema": {"type": "string"}}}
    return {_JSON: {"schema": {"type": "object"}}}


def _holding(shape: type) -> dict[str, Any]:
    return {_JSON: {"schema": {"$ref": _REFERENCE.format(name=shape.__name__)}}}
