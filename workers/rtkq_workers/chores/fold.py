"""Fold receipts into metrics: what each call of the hook left behind is counted once.

A file that still grows is read on from where it was left; a line that is not finished yet is left
for the next time. Deleting old files is left to `prune`.
"""

from __future__ import annotations

import calendar
import os
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rtkq import paths, receipts
from rtkq.failpoints import reach
from rtkq.store.metrics import GIVEN, HOUR_S, Call, Context, opened, slot

_SUFFIX = ".log"


@dataclass(slots=True)
class Tally:
    """Receipts, counted."""

    calls: Counter[Call] = field(default_factory=Counter)
    #: Characters injected by the calls of a kind.
    chars: Counter[Call] = field(default_factory=Counter)
    given: list[Context] = field(default_factory=list)

    def add(self, lines: Iterable[dict[str, str]], *, minute: float) -> None:
        """Count the receipts in *lines*; those that were torn belong to their file's *minute*."""
        for line in lines:
            call = _call(line, minute)
            self.calls[call] += 1
            if call.outcome in GIVEN:
                self.chars[call] += _number(line, "context_chars")
                self.given.append(_context(line))


def fold(home: str) -> None:
    """Count the receipts under *home*.

    Safe to be killed at any moment, and to run twice at once: a file's counts and the place up
    to which it was counted are stored in one transaction.

    Args:
        home: Folder for everything rtkq stores.

    Raises:
        StoreError: The metrics cannot be written now; nothing is lost.
    """
    names = receipt_files(home)
    with opened(home) as metrics:
        for name in names:
            with metrics.atomic():
                lines, offset = _read_on(home, name, metrics.folded(name))
                if offset is not None:
                    tally = Tally()
                    tally.add(lines, minute=_minute_of(name))
                    metrics.fold(name, offset, tally.calls, tally.chars, tally.given)
                reach("fold")
        with metrics.atomic():
            metrics.settle(names)


def not_folded(home: str) -> Tally:
    """Return the count of the receipts that `fold` has not counted yet."""
    tally = Tally()
    with opened(home) as metrics, metrics.atomic():
        for name in receipt_files(home):
            lines, _ = _read_on(home, name, metrics.folded(name))
            tally.add(lines, minute=_minute_of(name))
    return tally


def receipt_files(home: str) -> list[str]:
    """Return the names of the files of receipts, oldest first."""
    try:
        names = os.listdir(paths.receipts_folder(home))
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.endswith(_SUFFIX) and _minute_of(name))


def _read_on(home: str, name: str, offset: int) -> tuple[list[dict[str, str]], int | None]:
    """Return what *name* holds from *offset* on and where that ends, None if there is no more."""
    file = f"{paths.receipts_folder(home)}/{name}"
    try:
        if os.stat(file).st_size <= offset:
            return [], None
        lines, end = receipts.read(file, offset)
    except FileNotFoundError:
        return [], None  # pruned since it was listed
    return lines, end if end > offset else None


def _minute_of(name: str) -> float:
    """Return the beginning of the minute that a file is named by; 0 for what is no such name."""
    try:
        return float(calendar.timegm(time.strptime(name, receipts.MINUTE)))
    except ValueError:
        return 0.0


def _call(line: dict[str, str], minute: float) -> Call:
    at_ms = _number(line, "at") or int(minute * 1000)
    return Call(
        hour=at_ms // 1000 // HOUR_S,
        root=line.get("root", ""),
        agent=line.get("agent", ""),
        type=line.get("type", ""),
        event=line.get("event", ""),
        outcome="torn" if "torn" in line else line.get("outcome", ""),
        state=line.get("state", ""),
        slot=slot(_number(line, "elapsed_us")),
    )


def _context(line: dict[str, str]) -> Context:
    return Context(
        at=_number(line, "at"),
        root=line.get("root", ""),
        agent=line.get("agent", ""),
        type=line.get("type", ""),
        outcome=line["outcome"],
        state=line.get("state", ""),
        generation=_number(line, "generation"),
        chars=_number(line, "context_chars"),
        elapsed_us=_number(line, "elapsed_us"),
        files=_number(line, "paths"),
        paths=tuple(line[key] for key in sorted(line) if key[:4] == "path" and key[4:].isdigit()),
        link=line.get("link", ""),
    )


def _number(line: dict[str, str], key: str) -> int:
    value = line.get(key, "")
    return int(value) if value.isdigit() else 0
