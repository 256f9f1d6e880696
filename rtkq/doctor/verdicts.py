"""What a check is given, what it says, and what it may repair."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from rtkq.config import Settings


class Result(StrEnum):
    """How bad it is."""

    OK = "ok"  #: as it should be
    WARN = "warn"  #: it works, but not as well as it could
    FAIL = "fail"  #: subagents get less than they should, or nothing


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined: one project, and everything of rtkq that serves this user."""

    root: str
    settings: Settings

    @property
    def home(self) -> str:
        """The folder for everything rtkq stores."""
        return self.settings.home


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found in one place."""

    result: Result
    detail: str
    #: What the user can do; empty when all is well.
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong."""

    name: str
    #: Looks and changes nothing; says nothing where there is nothing to look at.
    look: Callable[[Patient], Iterable[Verdict]]
    #: Repairs what it found and returns what was done; None where only the user should.
    mend: Callable[[Patient], str] | None = None


def ok(detail: str) -> Verdict:
    """Return that all is well."""
    return Verdict(Result.OK, detail)


def warn(detail: str, hint: str) -> Verdict:
    """Return that something could be better."""
    return Verdict(Result.WARN, detail, hint)


def fail(detail: str, hint: str) -> Verdict:
    """Return that something is broken."""
    return Verdict(Result.FAIL, detail, hint)
