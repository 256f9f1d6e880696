"""What hooks and workers of a whole team did, in numbers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rtkq import metrics, recall
from rtkq.answers import families
from rtkq.answers.families import Metric
from rtkq.errors import RtkqError
from rtkq.records import Sight, sees_all
from rtkq.store.metrics import HOUR_S

if TYPE_CHECKING:
    from rtkq.team.counts_table import TeamCounts

_log = logging.getLogger(__name__)


def summary(counts: TeamCounts, since: float) -> dict[str, Any]:
    """Return the document of `metrics --team`.

    Args:
        counts: Those of the team.
        since: Seconds since the epoch; its whole hour counts.

    Raises:
        StoreError: The team's database cannot be reached or used.
        Timeout: It does not answer in time.
    """
    found = counts.counted(since)
    return {
        "command": "metrics",
        "from": recall.instant(int(since) // HOUR_S * HOUR_S * 1000),
        "machines": found.machines,
        **metrics.summary(found.calls),
        "injected_tokens": found.chars // recall.CHARS_A_TOKEN,
        "by_project": metrics.by(found.calls, "root", "project"),
        "by_agent": metrics.by(found.calls, "agent", "agent"),
        "by_type": metrics.by(found.calls, "type", "type"),
        "rebuilds": metrics.rebuilt(found.rebuilds),
    }


def exposition(counts: TeamCounts, is_seen: Sight = sees_all) -> bytes:
    """Return everything that the team ever counted, in the text format of Prometheus.

    Where its database does not answer, that is all that is told.

    Args:
        counts: Those of the team.
        is_seen: Tells by its name whether a project counts.
    """
    return families.written(_families(counts, is_seen))


def _families(counts: TeamCounts, is_seen: Sight) -> Iterator[Metric]:
    try:
        found = counts.counted(0.0, is_seen)
    except RtkqError as error:
        _log.error("the team's counts cannot be read: %s", error.message)
        found = None
    yield families.gauge(
        "rtkq_team_up", "Whether the team's database answers.", [((), float(found is not None))]
    )
    if found is not None:
        yield from families.counted(found.calls, found.rebuilds, "rtkq_team")
        machines = [((), float(found.machines))]
        yield families.gauge("rtkq_team_machines", "Homes of users that counted.", machines)
