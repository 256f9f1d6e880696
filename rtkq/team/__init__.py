"""What people who work on the same code share: facts, on a PostgreSQL server of theirs.

Without a `database.url` there is no team, and nothing here costs anything.
"""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rtkq import config
from rtkq.errors import ConfigError, ExtraMissing, StoreError
from rtkq.store.facts import FactStore, LocalFacts

if TYPE_CHECKING:
    from rtkq.access import GrantStore
    from rtkq.team.counts_table import TeamCounts
    from rtkq.team.shared_facts import SharedFacts

#: Homes whose facts this process, and those it forks, may publish.
_publishing: set[str] = set()
#: By home and process: a connection must not be used across a fork.
_shared: dict[tuple[str, int], SharedFacts | None] = {}


def facts(home: str) -> FactStore:
    """Return where this process finds and puts facts: under *home*, and at the team's."""
    local = LocalFacts(home)
    common = shared(home)
    if common is None:
        return local
    from rtkq.team.shared_facts import TeamFacts

    return TeamFacts(local, common)


def shared(home: str) -> SharedFacts | None:
    """Return the team's facts as this process may use them; None without a team."""
    place = home, os.getpid()
    if place not in _shared:
        _shared[place] = _made(home, config.load().database.url)
    return _shared[place]


def _made(home: str, url: str) -> SharedFacts | None:
    if not url:
        return None
    from rtkq.team.shared_facts import SharedFacts

    made = SharedFacts(home, url, is_publishing=home in _publishing)
    atexit.register(made.close)
    return made


def grants(settings: config.Settings) -> GrantStore:
    """Return where grants lie: at the team's, or under the home where there is no team.

    Raises:
        ExtraMissing: The driver for the team's database is not installed.
    """
    if not settings.database.url:
        from rtkq.store.grants import LocalGrants

        return LocalGrants(settings.home)
    try:
        from rtkq.team.grants_table import TeamGrants
    except ImportError as error:
        raise ExtraMissing("the team's database", "team", error.name or "psycopg") from error
    return TeamGrants(settings.database.url)


def counts(settings: config.Settings) -> TeamCounts:
    """Return what the machines of the team counted.

    Raises:
        ConfigError: There is no team.
        ExtraMissing: The driver for the team's database is not installed.
    """
    if not settings.database.url:
        raise ConfigError(
            "counts of a team lie in its database, and none is set",
            "set RTKQ_DATABASE_URL, or database.url in config.toml",
        )
    try:
        from rtkq.team.counts_table import TeamCounts
    except ImportError as error:
        raise ExtraMissing("the team's database", "team", error.name or "psycopg") from error
    return TeamCounts(settings.database.url)


def publish(home: str, url: str) -> None:
    """Let this process, and those it forks, publish the facts of *home* at *url*.

    Only a server worker calls this: what it extracted itself the others believe.

    Raises:
        ConfigError: There is no *url*.
        ExtraMissing: The driver is not installed.
    """
    if not url:
        raise ConfigError(
            "a server worker publishes facts in the team's database, and none is set",
            "set RTKQ_DATABASE_URL, or database.url in config.toml",
        )
    if find_spec("psycopg") is None:
        raise ExtraMissing("a server worker", "team", "psycopg")
    _publishing.add(home)
    _shared.pop((home, os.getpid()), None)
    _prepare(home, url)


def _prepare(home: str, url: str) -> None:
    from rtkq.team import condition
    from rtkq.team.postgres import Postgres

    with suppress(StoreError):  # those who publish will find out again
        Postgres(url, is_publishing=True).close()
    # After it: until now a client of this home may have found no tables, and noted that.
    condition.forget(home)
