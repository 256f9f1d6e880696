"""Frozen values that cross the borders between modules, and the words for states."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What may be believed of a memory."""

    FRESH = "fresh"  #: nothing owed, compared with the disk recently
    DIRTY = "dirty"  #: changes seen, a rebuild is owed
    STALE = "stale"  #: not compared with the disk for longer than the limit
    BUILDING = "building"  #: the first build has not finished
    MISSING = "missing"  #: there is none, or the checkout is gone


class Stage(StrEnum):
    """How far the first build of a memory has come."""

    EMPTY = "empty"  #: registered; only debts are kept
    PATHS = "paths"  #: names of files can be found, their content not yet
    COMPLETE = "complete"  #: everything is there


@dataclass(frozen=True, slots=True)
class Stamp:
    """The stat signature of a file: equal signatures mean an untouched file."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the signature in *status*."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What a memory believes of one file."""

    stamp: Stamp
    #: False: the file was younger than the clock's grain when it was indexed, or a change of
    #: it is owed already; only its content can tell whether it changed (git's "racy" rule).
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Project:
    """One registered checkout, as the registry knows it."""

    root: str
    #: Raised at each mark-dirty; greater than *done_seq* means a rebuild is owed.
    owed_seq: int
    #: The *owed_seq* that the last rebuild which ended clean had read.
    done_seq: int
    #: When an agent last worked here; seconds since the epoch, 0 for never.
    used_at: float
    #: Rebuilds that failed since the last success.
    attempts: int
    #: No rebuild before this instant; seconds since the epoch.
    retry_at: float
    #: Why the last rebuild failed; empty after a success.
    last_error: str

    @property
    def is_owing(self) -> bool:
        """Whether a rebuild is owed."""
        return self.owed_seq > self.done_seq


#: Tells by its root, or by its normalised remote, whether a project exists for whoever asks.
Sight = Callable[[str], bool]


def sees_all(_project: str) -> bool:
    """Return that a project exists: the sight of the user whose projects they are."""
    return True
