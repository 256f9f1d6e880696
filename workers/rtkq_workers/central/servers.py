"""The team's servers as workers reach them: the table of central projects, and the queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from rtkq.config import Settings
from rtkq.errors import ConfigError, ExtraMissing
from rtkq.team.central.projects import CentralProjects


@contextmanager
def opened(settings: Settings, *, is_reading: bool = False) -> Iterator[CentralProjects]:
    """Open the table of central projects.

    Raises:
        ConfigError: There is no database.
        StoreError: It cannot be reached.
    """
    if not settings.database.url:
        raise ConfigError(
            "central projects stand in the team's database, and none is set",
            "set RTKQ_DATABASE_URL, or database.url in config.toml",
        )
    with CentralProjects(settings.database.url, is_publishing=not is_reading) as projects:
        yield projects


def team_queue() -> ModuleType:
    """Return what speaks to the team's queue, which is loaded only where there is one.

    Raises:
        ExtraMissing: The driver is not installed.
    """
    try:
        from rtkq.team import queue
    except ImportError as error:
        raise ExtraMissing("the team's queue", "team", error.name or "redis") from error
    return queue
