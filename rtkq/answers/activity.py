"""What goes on right now: calls by the minute, the latest contexts, and what became of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rtkq import jobs, metrics, paths, recall, receipts
from rtkq.answers.metrics import Counts, told
from rtkq.config import Settings
from rtkq.records import Sight, sees_all
from rtkq.store.metrics import limit_ms
from rtkq_workers import fold, report

_MINUTES = 60
_MINUTE_S = 60
_DAY_S = 86400.0


def activity(
    settings: Settings,
    opened: Mapping[tuple[int, str], Sequence[str]],
    is_seen: Sight = sees_all,
) -> dict[str, Any]:
    """Return what the page shows of this moment.

    Args:
        settings: The settings in force.
        opened: What was opened after contexts, as ``followed`` gives it.
        is_seen: Tells by its root whether a project counts.

    Raises:
        StoreError: The metrics cannot be read now.
    """
    home = settings.home
    counts = Counts(home, time.time() - _DAY_S, is_seen)
    return {
        "projects": report.all_projects(settings, is_seen),
        "processes": report.processes(home),
        "queue": {"depth": jobs.depth(home)},
        "today": metrics.summary(counts.calls),
        "rebuilds": metrics.rebuilt(counts.rebuilds),
        "histogram": _histogram(counts),
        "minutes": _minutes(home, time.time(), is_seen),
        "last": [told(one) | {"opened": opened.get((one.at, one.root))} for one in counts.given],
    }


def _histogram(counts: Counts) -> list[dict[str, float]]:
    """Return how many spawns took how long: the longest time of a slot, and how many."""
    slots: Counter[int] = Counter()
    for call, count in counts.calls.items():
        if metrics.is_spawn(call):
            slots[call.slot] += count
    if not slots:
        return []
    between = range(min(slots), max(slots) + 1)
    return [{"limit_ms": round(limit_ms(one), 2), "calls": slots[one]} for one in between]


def _minutes(home: str, now: float, is_seen: Sight) -> list[dict[str, Any]]:
    """Return the spawns of each minute of the last hour, oldest first."""
    this = int(now) // _MINUTE_S * _MINUTE_S
    starts = range(this - (_MINUTES - 1) * _MINUTE_S, this + 1, _MINUTE_S)
    return [
        {"at": recall.instant(start * 1000), **_minute(home, start, is_seen)} for start in starts
    ]


def _minute(home: str, start: int, is_seen: Sight) -> dict[str, int]:
    name = time.strftime(receipts.MINUTE, time.gmtime(start))
    try:
        lines, _ = receipts.read(f"{paths.receipts_folder(home)}/{name}")
    except FileNotFoundError:
        return {"spawns": 0, "injected": 0}
    return _spawns([line for line in lines if is_seen(line.get("root", ""))], start)


def _spawns(lines: Iterable[dict[str, str]], start: int) -> dict[str, int]:
    tally = fold.Tally()
    tally.add(lines, minute=start)
    spawns = {call: count for call, count in tally.calls.items() if metrics.is_spawn(call)}
    injected = sum(count for call, count in spawns.items() if metrics.is_injected(call))
    return {"spawns": sum(spawns.values()), "injected": injected}
