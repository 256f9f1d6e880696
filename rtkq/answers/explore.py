"""The layers of a project, without a task."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from rtkq import recall
from rtkq.answers import difference
from rtkq.answers.opened import opened
from rtkq.config import Settings
from rtkq.errors import ProjectError
from rtkq.recall import explore as layered
from rtkq.recall import queries
from rtkq.records import State


def explore(
    settings: Settings,
    root: str,
    *,
    query_type: str,
    detail: str = "normal",
    budget_tokens: int | None = None,
    is_strict: bool = False,
) -> dict[str, Any]:
    """Return the document of `explore`, as the contract of commands spells it.

    Args:
        settings: The settings in force.
        root: A checkout.
        query_type: One of ``layers.ROUTES``.
        detail: One of ``layers.LINES``.
        budget_tokens: Upper bound of all layers together.
        is_strict: Refuse unless the memory is fresh.

    Raises:
        ProjectError: The checkout has no memory yet, or it is not fresh and had to be.
    """
    with closing(opened(settings.home, root)) as memory:
        return explored(
            settings,
            memory,
            query_type=query_type,
            detail=detail,
            budget_tokens=budget_tokens,
            is_strict=is_strict,
            changes=difference.since_build(settings.home, root),
        )


def explored(
    settings: Settings,
    memory: recall.Memory,
    *,
    query_type: str,
    detail: str = "normal",
    budget_tokens: int | None = None,
    is_strict: bool = False,
    changes: difference.Changes | None = None,
) -> dict[str, Any]:
    """Return the document of `explore` from an open *memory*.

    Args:
        settings: The settings in force.
        memory: Of a checkout, or of a project of the team's.
        query_type: As for `explore`, and so is the rest.
        detail: One of ``layers.LINES``.
        budget_tokens: Upper bound of all layers together.
        is_strict: Refuse unless the memory is fresh.
        changes: How the disk differs from the memory, where that was looked at.

    Raises:
        ProjectError: The memory is not fresh and had to be.
    """
    state = _state(memory, settings.watch.stale_after_s, has_changed=bool(changes))
    if is_strict and state != State.FRESH:
        raise ProjectError(
            f"the memory of {memory.root} is {state}",
            f"bring it up to date: rtkq sync {memory.root}",
        )
    return {
        "command": "explore",
        "project": memory.root,
        "state": state,
        "generation": memory.generation,
        "indexed_at": recall.instant(memory.indexed_at_ms),
        "query_type": query_type,
        **_counts(memory),
        "delta": difference.summary(changes or []),
        "context": layered.explore(memory, query_type, detail, budget_tokens=budget_tokens),
    }


def text(document: dict[str, Any]) -> str:
    """Return the document of `explore` as it is printed for reading."""
    head = "{project}: {state}, generation {generation}, {query_type}".format_map(document)
    told = [f"{name}\n{lines or '(nothing)'}" for name, lines in document["context"].items()]
    return "\n\n".join([head, *told])


def _state(memory: recall.Memory, stale_after_s: int, *, has_changed: bool) -> str:
    """Return the state of *memory*, knowing that the disk was just compared with it."""
    state = memory.state(stale_after_s)
    return State.DIRTY if has_changed and state == State.FRESH else state


def _counts(memory: recall.Memory) -> dict[str, Any]:
    files, size, edges, reused, rebuilt = memory.row(queries.TALLY) or (0,) * 5
    return {
        "stats": {"files": files, "bytes": size, "reused": reused, "rebuilt": rebuilt},
        "graph": {"nodes": files, "edges": edges},
    }
