"""How commands word what several of them tell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from rtkq.answers.lately import Spawns
from rtkq.recall.render import clean

_HINDRANCES = ("limits", "polled", "missing")


def duration(seconds: float) -> str:
    """Return a time in the largest unit of which it has two."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def percent(share: float | None) -> str:
    """Return a *share* from 0 to 1 in percent; "-" for None."""
    return "-" if share is None else f"{share:.0%}".replace("%", " %")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return how many there are of something, in words that fit the number."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def spawns(found: Spawns) -> str:
    """Return how many spawns there were within the hour, and what share got a context."""
    if not found.seen:
        return "no spawn within the hour"
    share = percent(found.injected / found.seen)
    return f"{counted(found.seen, 'spawn')} within the hour, {share} with context"


def troubles(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what `report` tells of one project that somebody should see to: name and text."""
    if entry["state"] == "missing" and not entry["last_error"]:
        yield "build it", f"rtkq refresh {shlex.quote(entry['project'])}"
    for one in entry["given_up"]:
        yield "given up", clean(one)
    if entry["last_error"]:
        tries = f" (try {entry['attempts']})" if entry["attempts"] else ""
        yield "error", clean(entry["last_error"]) + tries


def hindrances(beat: Mapping[str, Any]) -> Iterator[str]:
    """Yield what keeps the watcher from watching, as its last sign of life tells."""
    for name in _HINDRANCES:
        if beat.get(name):
            yield f"{name}: {', '.join(map(clean, beat[name]))}"


def reached(team: Mapping[str, Any], now: float) -> str:
    """Return how the team's database was found last; *now* in seconds since the epoch."""
    if team["failures"]:
        found = "being tried again" if team["is_reached"] else "not reached, work goes on without"
        return f"{found}\n          {clean(team['error'])}"
    if team["answered_at"] is None:
        return "not asked yet"
    return f"answered {duration(max(0.0, now - team['answered_at']))} ago"
