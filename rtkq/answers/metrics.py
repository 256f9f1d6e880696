"""What hooks and workers did, in numbers: as a document, and as Prometheus reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from rtkq import jobs, metrics, recall, receipts
from rtkq.config import Settings
from rtkq.records import Sight, sees_all
from rtkq.store.metrics import HOUR_S, SLOTS_AN_OCTAVE, Call, Context, Rebuild, limit_ms, opened
from rtkq_workers import fold, report

__all__ = ["CONTENT_TYPE", "Counts", "exposition", "summary"]

_SHOWN_CONTEXTS = 20
_OCTAVES = 16


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

    Source:
        https://prometheus.io/docs/instrumenting/exposition_formats
    """
    registry = CollectorRegistry()
    registry.register(_Collector(settings, is_seen))
    return generate_latest(registry)


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


class _Collector(Collector):
    """Reads the stores when it is asked; nothing is kept in memory between two readings."""

    def __init__(self, settings: Settings, is_seen: Sight) -> None:
        self._settings = settings
        self._is_seen = is_seen

    def collect(self) -> Iterator[Metric]:
        home = self._settings.home
        counts = Counts(home, 0.0, self._is_seen)
        yield _calls(counts.calls)
        yield _latency(counts.calls)
        yield _rebuild_time(counts.rebuilds)
        yield from _projects(report.all_projects(self._settings, self._is_seen))
        yield _gauge("rtkq_queue_depth", "Nudges that wait for a worker.", [((), jobs.depth(home))])
        yield _counted("rtkq_receipts_dropped", "Receipts not written.", receipts.dropped(home))
        alive = report.processes(home).items()
        yield _gauge(
            "rtkq_up",
            "Whether a background process beats.",
            [((kind,), float(bool(beat and beat["is_alive"]))) for kind, beat in alive],
            "process",
        )


def _calls(calls: Counter[Call]) -> Metric:
    names = ("agent", "type", "event", "outcome", "state")
    family = CounterMetricFamily("rtkq_hook_calls", "Calls of the hook.", labels=names)
    grouped: Counter[tuple[str, ...]] = Counter()
    for call, count in calls.items():
        grouped[call.agent, call.type, call.event, call.outcome, call.state] += count
    for labels, count in sorted(grouped.items()):
        family.add_metric(labels, count)
    return family


def _latency(calls: Counter[Call]) -> Metric:
    slots: dict[str, Counter[int]] = {}
    for call, count in calls.items():
        slots.setdefault(call.agent, Counter())[call.slot] += count
    family = HistogramMetricFamily(
        "rtkq_hook_seconds", "Time in the hook, start of the interpreter apart.", labels=("agent",)
    )
    for agent, counted in sorted(slots.items()):
        _add(family, [agent], counted)
    return family


def _rebuild_time(rebuilds: Counter[Rebuild]) -> Metric:
    family = HistogramMetricFamily("rtkq_rebuild_seconds", "Time of rebuilds.", labels=("outcome",))
    for outcome, is_done in (("done", True), ("failed", False)):
        counted: Counter[int] = Counter()
        for rebuild, count in rebuilds.items():
            if bool(rebuild.is_done) is is_done:
                counted[rebuild.slot] += count
        _add(family, [outcome], counted)
    return family


def _add(family: HistogramMetricFamily, labels: list[str], slots: Counter[int]) -> None:
    edges = [octave * SLOTS_AN_OCTAVE for octave in range(_OCTAVES)]
    buckets = [
        (f"{limit_ms(edge) / 1000:g}", float(sum(n for slot, n in slots.items() if slot <= edge)))
        for edge in edges
    ]
    total = sum(limit_ms(slot) / 1000 * count for slot, count in slots.items())
    family.add_metric(labels, [*buckets, ("+Inf", float(sum(slots.values())))], total)


def _projects(projects: Iterable[dict[str, Any]]) -> Iterator[Metric]:
    for key, told in (("backlog", "Paths that owe a rebuild."), ("files", "Files in the memory.")):
        values = [((one["project"],), float(one[key])) for one in projects]
        yield _gauge(f"rtkq_project_{key}", told, values, "project")
    lags = [((one["project"],), float(one["lag_s"])) for one in projects]
    yield _gauge("rtkq_project_lag_seconds", "Age of the oldest debt.", lags, "project")
    states = [((one["project"], str(one["state"])), 1.0) for one in projects]
    yield _gauge("rtkq_project_state", "1 for the state it has.", states, "project", "state")


def _gauge(
    name: str, told: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str
) -> Metric:
    family = GaugeMetricFamily(name, told, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def _counted(name: str, told: str, value: float) -> Metric:
    family = CounterMetricFamily(name, told)
    family.add_metric([], value)
    return family
