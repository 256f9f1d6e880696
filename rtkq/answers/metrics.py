"""What hooks and workers did, in numbers: as a document, and as Prometheus reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rtkq import jobs, metrics, recall, receipts
from rtkq.answers import families
from rtkq.answers.families import CONTENT_TYPE, Metric
from rtkq.config import Settings
from rtkq.records import Sight, sees_all
from rtkq.store.metrics import HOUR_S, Call, Context, Rebuild, opened
from rtkq_workers import report
from rtkq_workers.chores import fold

__all__ = ["CONTENT_TYPE", "Counts", "exposition", "summary"]

_SHOWN_CONTEXTS = 20


class Counts:
    """Everything counted since an instant, what was not folded yet included."""

    def __init__(self, home: str, since: float, is_seen: Sight = sees_all) -> None:
        """Read the counts of *home*.

        Args:
            home: Folder for everything rtkq stores.
            since: Seconds since the epoch; its hour counts whole.
            is_seen: Tells by its root whether a project counts.

        Raises:
            StoreError: The metrics cannot be read now.
        """
        tally = fold.not_folded(home)
        with opened(home) as stored:
            rows = [row for row in stored.calls(since).items() if is_seen(row[0][0].root)]
            rebuilds = stored.rebuilds(since)
            given = stored.contexts(_SHOWN_CONTEXTS)
        newer = {call: count for call, count in tally.calls.items() if is_seen(call.root)}
        self.rebuilds: Counter[Rebuild] = Counter(
            {rebuild: count for rebuild, count in rebuilds.items() if is_seen(rebuild.root)}
        )
        self.calls: Counter[Call] = Counter()
        for (call, _), count in rows:
            self.calls[call] += count
        self.chars = sum(chars for (_, chars), _ in rows) + sum(tally.chars[call] for call in newer)
        self.calls.update(
            {call: count for call, count in newer.items() if call.hour >= since // HOUR_S}
        )
        newest = sorted(tally.given, key=lambda one: -one.at) + given
        seen = [one for one in newest if is_seen(one.root)]
        self.given: list[Context] = seen[:_SHOWN_CONTEXTS]


def summary(settings: Settings, since: float) -> dict[str, Any]:
    """Return the document of `metrics`, of everything since *since*, seconds since the epoch.

    Raises:
        StoreError: The metrics cannot be read now.
    """
    home = settings.home
    counts = Counts(home, since)
    return {
        "command": "metrics",
        "from": recall.instant(int(since) // HOUR_S * HOUR_S * 1000),
        **metrics.summary(counts.calls),
        "injected_tokens": counts.chars // recall.CHARS_A_TOKEN,
        "by_project": metrics.by(counts.calls, "root", "project"),
        "by_agent": metrics.by(counts.calls, "agent", "agent"),
        "by_type": metrics.by(counts.calls, "type", "type"),
        "rebuilds": metrics.rebuilt(counts.rebuilds),
        "queue": {"depth": jobs.depth(home)},
        "receipts": {
            "torn": sum(n for call, n in counts.calls.items() if call.outcome == "torn"),
            "dropped": receipts.dropped(home),
        },
        "last": [told(one) for one in counts.given],
    }


def exposition(settings: Settings, is_seen: Sight = sees_all) -> bytes:
    """Return everything that was ever counted, in the text format of Prometheus.

    Args:
        settings: Those in force.
        is_seen: Tells by its root whether a project counts.
    """
    return families.written(_families(settings, is_seen))


def _families(settings: Settings, is_seen: Sight) -> Iterator[Metric]:
    home = settings.home
    counts = Counts(home, 0.0, is_seen)
    yield from families.counted(counts.calls, counts.rebuilds)
    yield from families.projects(report.all_projects(settings, is_seen))
    waiting = [((), float(jobs.depth(home)))]
    yield families.gauge("rtkq_queue_depth", "Nudges that wait for a worker.", waiting)
    yield families.counter("rtkq_receipts_dropped", "Receipts not written.", receipts.dropped(home))
    alive = [
        ((kind,), float(bool(beat and beat["is_alive"])))
        for kind, beat in report.processes(home).items()
    ]
    yield families.gauge("rtkq_up", "Whether a background process beats.", alive, "process")


def told(given: Context) -> dict[str, Any]:
    return {
        "at": recall.instant(given.at),
        "project": given.root,
        "agent": given.agent,
        "type": given.type,
        "outcome": given.outcome,
        "state": given.state,
        "generation": given.generation,
        "tokens": -(-given.chars // recall.CHARS_A_TOKEN),
        "elapsed_ms": round(given.elapsed_us / 1000, 1),
        "files": given.files,
        "paths": list(given.paths),
    }
