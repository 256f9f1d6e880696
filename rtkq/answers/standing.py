"""How things stand: what one look at a home tells, cheaply."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from rtkq.answers import lately
from rtkq.answers.lately import Spawns
from rtkq.answers.verdict import Verdict, verdict
from rtkq.config import Settings
from rtkq.store import Registry
from rtkq_workers import report


@dataclass(frozen=True, slots=True)
class Standing:
    """What `status` shows."""

    verdict: Verdict
    #: As `report` tells of them, like the two after them.
    projects: list[dict[str, Any]]
    processes: dict[str, Any]
    team: dict[str, Any] | None
    #: How many projects of the home wait for a worker.
    waiting: int
    #: Where the HTTP daemon listens; "" where it does not run.
    daemon: str
    #: The spawns of the last hour, in all projects.
    hour: Spawns


def standing(settings: Settings, projects: list[dict[str, Any]]) -> Standing:
    """Return how things stand, where these *projects* are to be shown.

    Args:
        settings: The settings in force.
        projects: As `report` tells of them.
    """
    processes = report.processes(settings.home)
    hour = lately.hour(settings.home, time.time())
    return Standing(
        verdict=verdict(projects, processes, hour),
        projects=projects,
        processes=processes,
        team=report.team(settings),
        waiting=_waiting(settings.home),
        daemon=report.daemon(settings),
        hour=hour,
    )


def _waiting(home: str) -> int:
    with Registry(home) as registry:
        return sum(project.is_owing for project in registry.projects())
