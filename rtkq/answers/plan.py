"""The context for a task, exactly as a subagent would be given it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from rtkq import recall
from rtkq.answers.opened import opened
from rtkq.config import Settings
from rtkq.recall.rank import FULL, WEIGHTS

#: The score of a file that every signal favours most: shown as 1.
_BEST = FULL * sum(WEIGHTS.values()) // 1000


def plan(
    settings: Settings,
    root: str,
    task: str,
    *,
    budget_tokens: int | None = None,
    top: int | None = None,
    is_traced: bool = False,
) -> dict[str, Any]:
    """Return the document of `plan`, as the contract of commands spells it.

    Args:
        settings: The settings in force.
        root: A checkout.
        task: What a subagent would be asked to do.
        budget_tokens: Upper bound of the text; what the hook has when omitted.
        top: List at most so many files; the text stays whole.
        is_traced: Give each signal's share of each file's score.

    Raises:
        ProjectError: The checkout has no memory yet.
    """
    with closing(opened(settings.home, root)) as memory:
        return planned(
            settings, memory, task, budget_tokens=budget_tokens, top=top, is_traced=is_traced
        )


def planned(
    settings: Settings,
    memory: recall.Memory,
    task: str,
    *,
    budget_tokens: int | None = None,
    top: int | None = None,
    is_traced: bool = False,
) -> dict[str, Any]:
    """Return the document of `plan` from an open *memory*; the rest is as for `plan`."""
    began = time.perf_counter()
    budget_tokens = budget_tokens or memory.budget(settings.hook.budget_tokens)
    found = recall.context(
        memory, task, budget_tokens=budget_tokens, stale_after_s=settings.watch.stale_after_s
    )
    elapsed_ms = (time.perf_counter() - began) * 1000
    return {
        "command": "plan",
        "project": memory.root,
        "state": found.state,
        "generation": found.generation,
        "indexed_at": recall.instant(memory.indexed_at_ms),
        "budget_tokens": budget_tokens,
        "tokens": found.tokens,
        "elapsed_ms": round(elapsed_ms, 1),
        "files": [_file(file, is_traced=is_traced) for file in found.files[:top]],
        "text": found.text,
    }


def _file(file: recall.File, *, is_traced: bool) -> dict[str, Any]:
    by_share = sorted(file.shares.items(), key=lambda item: (-item[1], item[0]))
    shares = {signal: round(share / _BEST, 4) for signal, share in by_share if share}
    described: dict[str, Any] = {
        "path": file.path,
        "score": round(file.score / _BEST, 4),
        "state": file.state,
        "why": list(shares),
        "symbols": [
            {"name": one.name, "kind": one.kind, "line": one.line, "signature": one.signature}
            for one in file.definitions
        ],
    }
    return described | {"shares": shares} if is_traced else described
