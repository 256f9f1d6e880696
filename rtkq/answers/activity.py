"""What goes on right now: calls by the minute, the latest contexts, and what became of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rtkq import jobs, metrics
from rtkq.answers import lately
from rtkq.answers.metrics import Counts, told
from rtkq.answers.verdict import verdict
from rtkq.config import Settings
from rtkq.records import Sight, sees_all
from rtkq.store.metrics import limit_ms
from rtkq_workers import report

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
    home, now = settings.home, time.time()
    counts = Counts(home, now - _DAY_S, is_seen)
    projects, processes = report.all_projects(settings, is_seen), report.processes(home)
    told_of = verdict(projects, processes, lately.hour(home, now, is_seen))
    return {
        "verdict": told_of._asdict(),
        "projects": projects,
        "processes": processes,
        "queue": {"depth": jobs.depth(home)},
        "today": metrics.summary(counts.calls),
        "rebuilds": metrics.rebuilt(counts.rebuilds),
        "histogram": _histogram(counts),
        "minutes": lately.minutes(home, now, is_seen),
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
