"""What was seen under load, as tables."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rtkq import receipts
from tests.benchmarks import measure
from tests.benchmarks.load import projects
from tests.benchmarks.load.record import PEACE, STORM, Points, Record

#: The projects that waited longest, by their names.
_MOST_NAMED = 3


def show(
    record: Record,
    options: argparse.Namespace,
    home: Path,
    calls: int,
    *,
    built_s: float,
    calm_s: float,
    shares: dict[str, float],
) -> None:
    """Print the tables.

    Args:
        record: What was seen.
        options: What was played.
        home: ``$RTKQ_HOME``, with the receipts.
        calls: How many subagents were spawned.
        built_s: How long the first builds took, in seconds.
        calm_s: How long after the load something was owed, in seconds.
        shares: Of a core, by command, in percent.
    """
    title = (
        f"{options.sessions} sessions, {options.projects} projects, {options.rate:g} spawns a"
        f" second for {options.seconds:.0f} s, then {options.burst} at once"
    )
    measure.table(title, ("ms", "n", "p50", "p95", "p99", "worst"), _times(record, options.burst))
    measure.table(
        "How long each project waited", ("s", "projects", "p50", "p95", "worst"), _lags(record)
    )
    outcomes = _outcomes(home)
    facts = [
        ("spawns", calls),
        ("receipts", sum(outcomes.values())),
        *((f"… {outcome}", count) for outcome, count in outcomes.most_common()),
        ("hook processes that failed", record.failed),
        (
            "saves not fresh after 30 s, peace / storm",
            f"{record.missed[PEACE]} / {record.missed[STORM]}",
        ),
        ("files the storm rewrote, a second", record.storm_writes / max(record.storm_s, 1.0)),
        ("first builds of all projects, s", built_s),
        ("all fresh again after the load, s", calm_s),
        ("nudges that wait, median / most", _middle([one.depth for one in record.samples])),
        ("projects that owe, median / most", _middle([one.owing for one in record.samples])),
        *_costs(record, shares),
    ]
    measure.table("What became of it", ("what", "value"), facts)


def _times(record: Record, burst: int) -> list[tuple[object, ...]]:
    times = {
        "bare interpreter": [took_ms for _, took_ms in record.bare],
        "hook": [took_ms for _, took_ms in record.hooks],
        "hook, beside a storm": [ms for at, ms in record.hooks if at >= record.storm_at],
        f"hook, {burst} at once": record.burst,
        "save → fresh, in peace": record.took(PEACE),
        "save → fresh, beside a storm": record.took(STORM),
    }
    return [
        (name, len(found), *(measure.quantile(found, part) for part in (0.5, 0.95, 0.99, 1.0)))
        for name, found in times.items()
        if found
    ]


def _lags(record: Record) -> list[tuple[object, ...]]:
    """Return rows about every project: its worst save, and the age of what it owed."""
    worst = {
        f"worst save of each, {when}": [ms / 1000 for ms in record.worst(when).values()]
        for when in (PEACE, STORM)
    }
    stormy = [lag_s for at, lag_s in record.lags(projects.STORMY) if at >= record.storm_at]
    others = record.lags_of_others(projects.STORMY)
    rows = [(name, len(found), *_three(found)) for name, found in worst.items() if found]
    rows.append(("oldest debt of the stormy one, over time", 1, *_three(stormy or [0.0])))
    rows.append(("oldest debt of all others, over time", "", *_three(_values(others) or [0.0])))
    late = sorted(record.worst(STORM).items(), key=lambda item: -item[1])[:_MOST_NAMED]
    rows += [(f"project p{number}, storm", 1, "", "", ms / 1000) for number, ms in late]
    return rows


def _costs(record: Record, shares: dict[str, float]) -> list[tuple[str, object]]:
    """Return what each command of the tree took: memory over time, and processor."""
    sizes = [one.pss for one in record.samples] or [{}]
    totals = [sum(one.values()) for one in sizes]
    rows: list[tuple[str, object]] = [
        ("PSS of all processes, MB, first / most / last", _first_most_last(totals))
    ]
    for name in sorted(sizes[0]):
        of_one = [one.get(name, 0.0) for one in sizes]
        rows.append((f"… {name}", _first_most_last(of_one)))
    return rows + [(f"{name}, % of a core", share) for name, share in sorted(shares.items())]


def _values(points: Points) -> list[float]:
    return [value for _, value in points]


def _three(found: Sequence[float]) -> list[float]:
    return [measure.quantile(found, part) for part in (0.5, 0.95, 1.0)]


def _middle(found: Sequence[int]) -> str:
    return f"{measure.median(found):.0f} / {max(found)}" if found else "0 / 0"


def _first_most_last(found: Sequence[float]) -> str:
    return f"{found[0]:.0f} / {max(found):.0f} / {found[-1]:.0f}" if found else "-"


def _outcomes(home: Path) -> Counter[str]:
    files = (home / "receipts").glob("*.log")
    found = [receipt for file in files for receipt in receipts.read(str(file))[0]]
    return Counter(receipt.get("outcome", "torn") for receipt in found)
