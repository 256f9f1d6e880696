"""What subagents opened after they were given a context, where their transcripts tell."""

from __future__ import annotations

from collections.abc import Sequence

from rtkq import transcripts
from rtkq.answers.gain import Touched
from rtkq.config import Settings
from rtkq.store.metrics import Context
from rtkq.transcripts import Folders, Subagent
from rtkq_hooks.calls import normalised

#: Between the hook's answer and the first line of the subagent's transcript, in milliseconds.
_LONGEST_START_MS = 60_000


def followed(
    settings: Settings, tops: Folders, given: Sequence[Context]
) -> dict[tuple[int, str], list[str]]:
    """Return what was opened after each of the contexts *given*.

    Args:
        settings: The settings in force; where they forbid it, nothing is read.
        tops: Where the transcripts lie.
        given: Contexts, of whatever agents.

    Returns:
        Paths in order, by instant and project of the context. A context whose subagent left no
        transcript is missing.
    """
    if not given or not settings.transcripts.read:
        return {}
    history = transcripts.read(tops, min(one.at for one in given) - _LONGEST_START_MS)
    found = {}
    for context in given:
        subagent = _subagent_of(context, history.subagents)
        if subagent is not None:
            found[context.at, context.root] = sorted(Touched(subagent).opened)
    return found


def _subagent_of(context: Context, subagents: Sequence[Subagent]) -> Subagent | None:
    """Return the subagent that was given *context*; None if there is none.

    Where nothing links the two, it is that of the type that started next in that place.
    """
    if context.link:
        return next((one for one in subagents if context.link in one.links), None)
    after = [one for one in subagents if 0 <= one.began_ms - context.at <= _LONGEST_START_MS]
    return next((one for one in after if _may_be_meant(context, one)), None)


def _may_be_meant(context: Context, subagent: Subagent) -> bool:
    is_there = f"{subagent.spawned_in}/".startswith(f"{context.root}/")
    return is_there and normalised(subagent.kind) == context.type
