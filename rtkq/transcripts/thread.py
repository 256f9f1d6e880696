"""One transcript as a thread, whichever client wrote it: how it began, what was called in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rtkq.transcripts.block import Block
from rtkq.transcripts.lines import text


@dataclass(frozen=True, slots=True)
class Note:
    """What the client wrote down about one run of a hook of ours.

    It keeps silent about a hook that printed nothing.
    """

    #: ``answered`` · ``failed`` · ``timeout``.
    result: str
    #: Whether a block of ours was in the answer.
    gave_block: bool


@dataclass(slots=True)
class Call:
    """One call of a tool."""

    at_ms: int
    #: Where the caller was.
    folder: str
    #: Whether it asks for a subagent, and the type that was asked for.
    is_spawn: bool = False
    kind: str = ""
    is_exploratory: bool = False
    #: Files it opens, and files it edits that were there before; by absolute path.
    opened: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    is_failed: bool = False
    #: The call was refused, and the refusal held a block of ours.
    is_denied: bool = False
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Thread:
    """What one transcript tells."""

    #: The client that wrote it, as the hook calls it.
    client: str
    session: str = ""
    #: The subagent whose thread this is, and its type; empty for a session's own, or unknown.
    agent: str = ""
    kind: str = ""
    #: The id of the call that spawned it, as far as is known.
    call: str = ""
    folder: str = ""
    began_ms: int = 0
    #: The block in front of the first prompt.
    prompt_block: Block | None = None
    #: The block that was given at the start, beside the prompt.
    start_block: Block | None = None
    #: Whether the agent has answered; what is added later does not reach it.
    has_answered: bool = False
    #: By their id, in order.
    calls: dict[str, Call] = field(default_factory=dict)
    #: Of hooks that ran at the start.
    notes: list[Note] = field(default_factory=list)
    #: Which call spawned which subagent, as far as results tell: agent → id of the call.
    spawned: dict[str, str] = field(default_factory=dict)
    #: Lines that could not be read.
    unreadable: int = 0


def instant_ms(record: dict[str, Any]) -> int:
    """Return when *record* was written, in milliseconds since the epoch; 0 if it does not say."""
    try:
        return int(datetime.fromisoformat(text(record, "timestamp")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
