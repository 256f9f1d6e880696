"""The dashboard for Grafana asks for metrics that exist, and leaves none out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/rtkq.json"
#: What Prometheus appends to the name of a histogram.
_PARTS = re.compile(r"_(bucket|sum|count)$")


def test_dashboard_asks_for_the_metrics_of_the_reference(
    page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """Each panel shows something, and every metric is shown somewhere."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]

    named = {_PARTS.sub("", name) for one in asked for name in re.findall(r"\brtkq_\w+", one)}

    documented = {name for ((name, *_), *_) in rows(page("docs/reference/metrics.md").text)}
    assert named == documented


def test_dashboard_groups_and_filters_by_labels_of_the_reference(
    page: Callable[[str], Any], table: Callable[[str], Any]
) -> None:
    """A label that a metric does not bear would match nothing, silently."""
    listed = table(page("docs/reference/metrics.md").text)
    documented = {label for _, _, labels, _ in listed for label in re.findall(r"`(\w+)`", labels)}
    text = DASHBOARD.read_text()

    grouped = re.findall(r"by \(([^)]*)\)", text)
    filtered = re.findall(r"[{,](\w+)(?:=~|!=|=)", text)

    used = {label.strip() for one in grouped for label in one.split(",")} | set(filtered)
    assert used <= documented | {"le"}
