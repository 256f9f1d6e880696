"""The OpenAPI document, made from the shapes that requests are checked against."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from rtkq.serve.path import Path
from rtkq.serve.shapes import ErrorAnswer

_REFERENCE = "#/components/schemas/{name}"


def document(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the description of *paths* as OpenAPI 3.1."""
    shapes = [shape for path in paths for shape in (path.request, path.answer) if shape]
    _, schemas = msgspec.json.schema_components(
        [*dict.fromkeys(shapes), ErrorAnswer], ref_template=_REFERENCE
    )
    described: dict[str, Any] = {}
    for path in paths:
        described.setdefault(path.path, {})[path.method.lower()] = _operation(path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "rtkq", "version": version("rtkq")},
        "paths": described,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": (path.endpoint.__doc__ or "").partition("\n")[0],
        "responses": {
            "200": _holding(path.answer),
            "default": _holding(ErrorAnswer, "what went wrong"),
        },
    }
    if path.request:
        told["requestBody"] = {"required": True, **_holding(path.request)}
    if "{agent}" in path.path:
        told["parameters"] = [_parameter("agent", "path")]
        told["requestBody"] = {"required": True, **_holding(None)}
    if path.path in ("/v1/status", "/v1/picture"):
        told["parameters"] = [_parameter("project_root", "query")]
    return told


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def _holding(shape: type | None, description: str = "done") -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(name=shape.__name__)} if shape else {"type": "object"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
