"""Counts as Prometheus reads them; nothing is kept in memory between two readings."""

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

from rtkq.store.metrics import SLOTS_AN_OCTAVE, Call, Rebuild, limit_ms

__all__ = ["CONTENT_TYPE", "Metric", "counted", "counter", "gauge", "projects", "written"]

_OCTAVES = 16


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def written(families: Iterable[Metric]) -> bytes:
    """Return *families* in the text format of Prometheus.

    Source:
        https://prometheus.io/docs/instrumenting/exposition_formats
    """
    registry = CollectorRegistry()
    registry.register(_Given(families))
    return generate_latest(registry)


def counted(
    calls: Counter[Call], rebuilds: Counter[Rebuild], prefix: str = "rtkq"
) -> Iterator[Metric]:
    """Yield what hooks and workers did, under names that begin with *prefix*."""
    yield _calls(calls, prefix)
    yield _latency(calls, prefix)
    yield _rebuild_time(rebuilds, prefix)


def projects(reports: Iterable[dict[str, Any]]) -> Iterator[Metric]:
    """Yield how each project fares, as `status` *reports* it."""
    listed = list(reports)
    for key, told in (("backlog", "Paths that owe a rebuild."), ("files", "Files in the memory.")):
        values = [((one["project"],), float(one[key])) for one in listed]
        yield gauge(f"rtkq_project_{key}", told, values, "project")
    lags = [((one["project"],), float(one["lag_s"])) for one in listed]
    yield gauge("rtkq_project_lag_seconds", "Age of the oldest debt.", lags, "project")
    states = [((one["project"], str(one["state"])), 1.0) for one in listed]
    yield gauge("rtkq_project_state", "1 for the state it has.", states, "project", "state")


def gauge(
    name: str, told: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str
) -> Metric:
    """Return a number that may fall, for each of the values of its *labels*."""
    family = GaugeMetricFamily(name, told, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def counter(name: str, told: str, value: float) -> Metric:
    """Return a number that only rises."""
    family = CounterMetricFamily(name, told)
    family.add_metric([], value)
    return family


def _calls(calls: Counter[Call], prefix: str) -> Metric:
    names = ("agent", "type", "event", "outcome", "state")
    family = CounterMetricFamily(f"{prefix}_hook_calls", "Calls of the hook.", labels=names)
    grouped: Counter[tuple[str, ...]] = Counter()
    for call, count in calls.items():
        grouped[call.agent, call.type, call.event, call.outcome, call.state] += count
    for labels, count in sorted(grouped.items()):
        family.add_metric(labels, count)
    return family


def _latency(calls: Counter[Call], prefix: str) -> Metric:
    slots: dict[str, Counter[int]] = {}
    for call, count in calls.items():
        slots.setdefault(call.agent, Counter())[call.slot] += count
    told = "Time in the hook, start of the interpreter apart."
    family = HistogramMetricFamily(f"{prefix}_hook_seconds", told, labels=("agent",))
    for agent, counted in sorted(slots.items()):
        _add(family, [agent], counted)
    return family


def _rebuild_time(rebuilds: Counter[Rebuild], prefix: str) -> Metric:
    name, labels = f"{prefix}_rebuild_seconds", ("outcome",)
    family = HistogramMetricFamily(name, "Time of rebuilds.", labels=labels)
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
