"""Grants in a team's database: whichever machine serves the team, the same tokens are known."""

from __future__ import annotations

from functools import partial

from rtkq.access import Grant, Role
from rtkq.team.line import Line
from rtkq.team.postgres import Postgres

#: Whoever shows a token waits for this, in seconds.
_PATIENCE_S = 3.0

_COLUMNS = "name, digest, role, projects, created_at, expires_at"
_ADD = f"INSERT INTO granted ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
_REMOVE = "DELETE FROM granted WHERE name = %s"
_ALL = f"SELECT {_COLUMNS} FROM granted ORDER BY name"


class PostgresGrants(Postgres):
    """The grants of a team, over one connection; a `GrantStore`."""

    def add(self, grant: Grant) -> bool:
        """Store *grant*; return False, and change nothing, where its name is taken."""
        row = (
            grant.name,
            grant.digest,
            grant.role.value,
            list(grant.projects),
            grant.created_at,
            grant.expires_at,
        )
        with self.translated("writing"):
            return self.connection.execute(_ADD, row).rowcount == 1

    def remove(self, name: str) -> bool:
        """Delete the grant of this *name*; return whether there was one."""
        with self.translated("writing"):
            return self.connection.execute(_REMOVE, (name,)).rowcount == 1

    def grants(self) -> list[Grant]:
        """Return all grants, by name."""
        with self.translated("reading"):
            return [
                Grant(name, digest, Role(role), tuple(projects), created_at, expires_at)
                for name, digest, role, projects, created_at, expires_at in self.connection.execute(
                    _ALL
                )
            ]


class TeamGrants:
    """The grants at a team's, read without waiting long; a `GrantStore`."""

    def __init__(self, url: str) -> None:
        """Connect nothing yet."""
        self._url = url
        self._line = Line(partial(PostgresGrants, url))

    def add(self, grant: Grant) -> bool:
        """Store *grant*; return False, and change nothing, where its name is taken."""
        with PostgresGrants(self._url, is_publishing=True) as grants:
            return grants.add(grant)

    def remove(self, name: str) -> bool:
        """Delete the grant of this *name*; return whether there was one."""
        with PostgresGrants(self._url, is_publishing=True) as grants:
            return grants.remove(name)

    def grants(self) -> list[Grant]:
        """Return all grants, by name.

        Raises:
            Timeout: The database does not answer in time.
            StoreError: It cannot be reached or used.
        """
        return self._line.ask_anew(PostgresGrants.grants, _PATIENCE_S)

    def close(self) -> None:
        """Give the connection back, if there is one."""
        self._line.close()
