"""Counts in a team's database: what each machine of the team counted, hour by hour.

An hour is written whole, in one transaction, as the machine knows it by then. So writing it again
changes nothing, and an interruption leaves it as it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from rtkq.failpoints import reach
from rtkq.records import Sight, sees_all
from rtkq.store.metrics import HOUR_S, Call, Rebuild
from rtkq.team.line import Line
from rtkq.team.postgres import Postgres

#: Whoever wants to know how the team fares waits for this, in seconds.
_PATIENCE_S = 3.0

_TABLES = ("reporter", "team_call", "team_rebuild")
_MAY_WRITE = """SELECT bool_and(has_table_privilege(name, wanted)) FROM unnest(%s::text[]) AS name,
    unnest(array['INSERT', 'UPDATE', 'DELETE']) AS wanted"""
# Locks the row: a second pool of the same home waits, and then finds the hour as it is.
_REPORTER = """INSERT INTO reporter (source, host, username) VALUES (%s, %s, %s)
    ON CONFLICT (source) DO UPDATE SET host = excluded.host, username = excluded.username,
    seen_at = now() RETURNING id"""
_TOTALS = """SELECT hour, sum(calls)::bigint, sum(rebuilds)::bigint FROM (
    SELECT hour, calls, 0 AS rebuilds FROM team_call JOIN reporter ON id = reporter
        WHERE source = %(source)s
    UNION ALL SELECT hour, 0, rebuilds FROM team_rebuild JOIN reporter ON id = reporter
        WHERE source = %(source)s) AS counted GROUP BY hour"""
_CALLS = """SELECT hour, project, agent, type, outcome, state, slot, sum(calls)::bigint,
    sum(chars)::bigint FROM team_call WHERE hour >= %s GROUP BY 1, 2, 3, 4, 5, 6, 7"""
_REBUILDS = """SELECT hour, project, is_done, slot, sum(rebuilds)::bigint FROM team_rebuild
    WHERE hour >= %s GROUP BY 1, 2, 3, 4"""
_MACHINES = """SELECT count(DISTINCT reporter) FROM (
    SELECT reporter FROM team_call WHERE hour >= %(hour)s
    UNION ALL SELECT reporter FROM team_rebuild WHERE hour >= %(hour)s) AS counted"""


class Reporter(NamedTuple):
    """Whose counts they are."""

    #: Random name of the store that counted; two homes of one user are two of them.
    source: str
    host: str
    username: str


@dataclass(slots=True)
class Hour:
    """What one machine counted in one hour, by project as the team names it."""

    calls: Counter[Call] = field(default_factory=Counter)
    #: Characters injected by the calls of a kind.
    chars: Counter[Call] = field(default_factory=Counter)
    rebuilds: Counter[Rebuild] = field(default_factory=Counter)

    @property
    def totals(self) -> tuple[int, int]:
        """How many calls and rebuilds there were: they only ever grow."""
        return self.calls.total(), self.rebuilds.total()


class Counted(NamedTuple):
    """What a whole team counted."""

    calls: Counter[Call]
    chars: int
    rebuilds: Counter[Rebuild]
    #: How many homes of users counted anything.
    machines: int


class PostgresCounts(Postgres):
    """The counts of a team, over one connection."""

    def may_write(self) -> bool:
        """Return whether the role of this connection may write counts."""
        with self.translated("reading"):
            (may,) = self.connection.execute(_MAY_WRITE, (list(_TABLES),)).fetchone() or (False,)
        return bool(may)

    def totals(self, source: str) -> dict[int, tuple[int, int]]:
        """Return the totals of each hour that is known of *source*."""
        with self.translated("reading"):
            rows = self.connection.execute(_TOTALS, {"source": source}).fetchall()
        return {hour: (calls, rebuilds) for hour, calls, rebuilds in rows}

    def put(self, reporter: Reporter, number: int, hour: Hour) -> None:
        """Store the *hour* of this *number*, in the place of what was known of it."""
        with self.translated("writing"), self.connection.transaction():
            (identity,) = self.connection.execute(_REPORTER, reporter).fetchone() or (0,)
            for table in _TABLES[1:]:
                self.connection.execute(
                    f"DELETE FROM {table} WHERE reporter = %s AND hour = %s",
                    (identity, number),
                )
            reach("contribute")
            with self.connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO team_call VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [
                        (identity, number, one.root, one.agent, one.type, one.outcome, one.state,
                         one.slot, calls, hour.chars[one])
                        for one, calls in hour.calls.items()
                    ],
                )  # fmt: skip
                cursor.executemany(
                    "INSERT INTO team_rebuild VALUES (%s, %s, %s, %s, %s, %s)",
                    [
                        (identity, number, one.root, bool(one.is_done), one.slot, rebuilds)
                        for one, rebuilds in hour.rebuilds.items()
                    ],
                )

    def counted(self, since: float, is_seen: Sight) -> Counted:
        """Return what all machines counted in the hours from *since* on.

        Args:
            since: Seconds since the epoch; its whole hour counts.
            is_seen: Tells by its name whether a project counts.
        """
        hour = int(since) // HOUR_S
        with self.translated("reading"), self.connection.transaction():
            rows = [row for row in self.connection.execute(_CALLS, (hour,)) if is_seen(row[1])]
            rebuilds = self.connection.execute(_REBUILDS, (hour,)).fetchall()
            (machines,) = self.connection.execute(_MACHINES, {"hour": hour}).fetchone() or (0,)
        return Counted(
            Counter(
                {
                    Call(at, project, agent, kind, "", outcome, state, slot): calls
                    for at, project, agent, kind, outcome, state, slot, calls, _ in rows
                }
            ),
            sum(chars for *_, chars in rows),
            Counter({Rebuild(*like): count for *like, count in rebuilds if is_seen(like[1])}),
            machines,
        )

    def prune(self, before: float) -> None:
        """Delete the counts of the hours before *before*, seconds since the epoch."""
        with self.translated("pruning"):
            for table in _TABLES[1:]:
                self.connection.execute(
                    f"DELETE FROM {table} WHERE hour < %s",
                    (int(before) // HOUR_S,),
                )


class TeamCounts:
    """The counts at a team's, read without waiting long."""

    def __init__(self, url: str) -> None:
        """Connect nothing yet."""
        self._line = Line(partial(PostgresCounts, url))

    def counted(self, since: float, is_seen: Sight = sees_all) -> Counted:
        """Return what all machines counted; see `PostgresCounts.counted`.

        Raises:
            Timeout: The database does not answer in time.
            StoreError: It cannot be reached or used.
        """
        return self._line.ask_anew(lambda counts: counts.counted(since, is_seen), _PATIENCE_S)

    def close(self) -> None:
        """Give the connection back, if there is one."""
        self._line.close()
