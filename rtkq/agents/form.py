"""What every form of a settings file can do, and the values that travel to and from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """How much of us stands in one settings file."""

    ABSENT = "absent"  #: nothing
    COMPLETE = "complete"  #: everything, as this version writes it
    PARTIAL = "partial"  #: an event is missing
    DOUBLED = "doubled"  #: installed in two ways at once, so that hooks run twice
    OUTDATED = "outdated"  #: all events, but not as this version writes them
    INVALID = "invalid"  #: the file cannot be read; the agent cannot read it either


@dataclass(frozen=True)
class Call:
    """How an agent is to reach the hook."""

    #: A line for ``sh -c`` that does nothing where the hook is gone.
    command: str
    #: When the agent gives up waiting, in seconds.
    timeout_s: int
    #: Where ``rtkq serve`` answers the same; empty for a command.
    url: str = ""

    @property
    def timeout_ms(self) -> int:
        """The same in milliseconds, which some agents count in."""
        return self.timeout_s * 1000


@dataclass(frozen=True)
class Reading:
    """What a settings file says of us."""

    state: State
    #: Why it is not complete; may be empty.
    detail: str = ""
    #: ``command`` or ``http``.
    transport: str = "command"


class Form(Protocol):
    """A kind of settings file; pure, from text to text."""

    def written(self, text: str | None, call: Call) -> str:
        """Return *text*, ``None`` for no file, with our entries; ValueError where it cannot be."""

    def removed(self, text: str) -> str | None:
        """Return *text* without our entries, ``None`` for no file; ValueError likewise."""

    def read(self, text: str, call_for: Callable[[str], Call]) -> Reading:
        """Return what of ours stands in *text*, where *call_for* gives the call by transport."""
