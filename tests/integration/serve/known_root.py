"""Read by Schemathesis: where it made up a folder, it asks for a project that is there."""

from __future__ import annotations

import os
from typing import Any

import schemathesis

#: A refresh is a process each time: what it answers is tested elsewhere.
_SPARED = "/v1/refresh"
#: What is too long must be refused as it is.
_LONGEST = 4096


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Return *body* with the folder of a real project, if it names any."""
    named = body.get("project_root") if isinstance(body, dict) else None
    is_fit = isinstance(named, str) and 0 < len(named) <= _LONGEST
    if is_fit and context.operation.path != _SPARED:
        return {**body, "project_root": os.environ["KNOWN_ROOT"]}
    return body


@schemathesis.hook
def map_query(_context: Any, query: Any) -> Any:
    """Return *query* with the folder of a real project, if it names any."""
    if query and query.get("project_root"):
        return {**query, "project_root": os.environ["KNOWN_ROOT"]}
    return query
