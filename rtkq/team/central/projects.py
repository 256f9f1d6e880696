"""Central projects: which remotes server workers keep indexed, what is owed, and who is at it.

The row is the debt, and the lease as well. A claim takes it for a while by the server's clock and
raises its fence; publishing, settling and failing are for the holder of the newest fence alone.
So a worker that was frozen, or whose line was cut, finds that it came too late, and does no harm.

    owed ──claim──► leased ──settle──► done ──interval over, mark──► owed
     ▲                │
     │                ├──fail──► waits for its next try
     └──lease over────┘
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rtkq.errors import LeaseLost
from rtkq.team.postgres import Postgres

#: A holder that has not renewed for this long is believed dead or cut off, in seconds.
LEASE_S = 60.0
_BASE_S = 5.0
#: A remote that is away for long is tried this often, in seconds.
_CAP_S = 900.0
_JITTER = 0.2
_MOST_SWEPT = 1000

_FREE = "(leased_until IS NULL OR leased_until <= now())"
_OWED = """(owed_seq > done_seq OR fetched_at IS NULL
    OR fetched_at + fetch_every_s * interval '1 second' <= now())"""
_DUE = f"({_FREE} AND (retry_at IS NULL OR retry_at <= now()) AND {_OWED})"
_SECONDS = "%s * interval '1 second'"

_ADD = """INSERT INTO central_project (remote, url, branch, fetch_every_s, owed_seq)
    VALUES (%s, %s, %s, %s, 1)
    ON CONFLICT (remote) DO UPDATE SET url = excluded.url, branch = excluded.branch,
        fetch_every_s = excluded.fetch_every_s, owed_seq = central_project.owed_seq + 1,
        retry_at = NULL
    RETURNING id"""
_MARK = """UPDATE central_project SET owed_seq = owed_seq + 1, retry_at = NULL
    WHERE remote = %s RETURNING id"""
_CLAIM = f"""UPDATE central_project SET fence = fence + 1, holder = %s, nudged_at = NULL,
        leased_until = now() + {_SECONDS}
    WHERE id = %s AND {_DUE}
    RETURNING id, remote, url, branch, head, recipe, fence, owed_seq, attempts"""
_RENEW = f"""UPDATE central_project SET leased_until = now() + {_SECONDS}
    WHERE id = %s AND fence = %s AND holder != ''"""
_SETTLE = """UPDATE central_project SET done_seq = greatest(done_seq, %s), recipe = %s,
        fetched_at = now(), attempts = 0, retry_at = NULL, last_error = '',
        holder = '', leased_until = NULL
    WHERE id = %s AND fence = %s"""
_FAIL = f"""UPDATE central_project SET attempts = attempts + 1, last_error = %s,
        retry_at = now() + {_SECONDS}, holder = '', leased_until = NULL
    WHERE id = %s AND fence = %s"""
# Of many that sweep at once each takes others: who finds a row locked leaves it to its holder.
_SWEEP = f"""UPDATE central_project SET nudged_at = now() WHERE id IN (
        SELECT id FROM central_project
        WHERE {_DUE} AND (nudged_at IS NULL OR nudged_at <= now() - {_SECONDS})
        ORDER BY owed_seq > done_seq DESC, fetched_at NULLS FIRST
        LIMIT {_MOST_SWEPT} FOR UPDATE SKIP LOCKED)
    RETURNING id, owed_seq > done_seq"""
_LIST = f"""SELECT id, remote, branch, head, generation, {_OWED},
        CASE WHEN {_FREE} THEN '' ELSE holder END, attempts, last_error, fetched_at,
        fetch_every_s, added_at
    FROM central_project ORDER BY remote"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to bring one central project up to date, until its lease is over."""

    id: int
    remote: str
    url: str
    #: Empty for the remote's default.
    branch: str
    #: The commit that is published, and by which recipe its memory was built; empty for none.
    head: str
    recipe: str
    fence: int
    #: What is owed up to here is paid by whoever settles this claim.
    owed_seq: int
    #: Tries on end that failed before this one.
    attempts: int


@dataclass(frozen=True, slots=True)
class CentralProject:
    """How one central project stands."""

    id: int
    remote: str
    branch: str
    head: str
    generation: int
    is_owing: bool
    #: Host and process of whoever is at it; empty for nobody.
    holder: str
    attempts: int
    last_error: str
    fetched_at: datetime | None
    fetch_every_s: int
    added_at: datetime


class CentralProjects(Postgres):
    """The table of central projects, over one connection."""

    def add(self, remote: str, url: str, *, branch: str, every_s: int) -> int:
        """Enter the project of this *remote*, or change what is there; return its id.

        It owes a look at once.

        Args:
            remote: As ``team.remote`` spells it.
            url: What git fetches, without credentials.
            branch: Empty for the remote's default.
            every_s: Longest time between two fetches, in seconds.
        """
        return int(self._one(_ADD, remote, url, branch, every_s)[0])

    def remove(self, remote: str) -> int | None:
        """Strike out the project of this *remote* and return its id, None where there is none."""
        row = self._one("DELETE FROM central_project WHERE remote = %s RETURNING id", remote)
        return int(row[0]) if row else None

    def listed(self) -> list[CentralProject]:
        """Return all central projects, ordered by remote."""
        with self.translated("reading"):
            rows = self.connection.execute(_LIST).fetchall()
        return [CentralProject(*row) for row in rows]

    def mark(self, remote: str) -> int | None:
        """Note that the remote has changed; return the project's id, None where there is none.

        A failed one need not wait for its next try: whatever was wrong there may be mended.
        """
        row = self._one(_MARK, remote)
        return int(row[0]) if row else None

    def sweep(self, patience_s: float) -> list[tuple[int, bool]]:
        """Return those that may be claimed and need a nudge, for the caller to give.

        Args:
            patience_s: A nudge that was not taken up for so long is believed lost, in seconds.

        Returns:
            (id, whether somebody waits for it), in no order; no other caller gets the same ones.
        """
        with self.translated("sweeping"):
            rows = self.connection.execute(_SWEEP, (patience_s,)).fetchall()
        return [(int(number), bool(is_owed)) for number, is_owed in rows]

    def claim(self, project_id: int, holder: str) -> Claim | None:
        """Return the right to bring a project up to date.

        Args:
            project_id: Which one.
            holder: Host and process, for people.

        Returns:
            None while another holds it, where nothing is owed, or where it must wait.
        """
        row = self._one(_CLAIM, holder, LEASE_S, project_id)
        return Claim(*row) if row else None

    def renew(self, claim: Claim) -> bool:
        """Show that the holder is alive; return whether it still is the holder."""
        return self._count(_RENEW, LEASE_S, claim.id, claim.fence) > 0

    def settle(self, claim: Claim, recipe: str) -> None:
        """Note that what the claim had read as owed is published.

        Args:
            claim: As it was taken.
            recipe: By which the published memory was built.

        Raises:
            LeaseLost: Another worker has claimed it since, or it was removed.
        """
        if not self._count(_SETTLE, claim.owed_seq, recipe, claim.id, claim.fence):
            raise LeaseLost(f"{claim.remote} is another worker's now, or nobody's")

    def fail(self, claim: Claim, error: str) -> None:
        """Note why a claim came to nothing; the next try has to wait, longer each time."""
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        wait_s = wait_after_s(claim.attempts + 1) * jitter
        self._count(_FAIL, error, wait_s, claim.id, claim.fence)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Let everything that the block writes be there at its end, or nothing of it."""
        with self.translated("writing"), self.connection.transaction():
            yield

    def _one(self, statement: str, *values: Any) -> tuple[Any, ...]:
        with self.translated("writing"):
            return self.connection.execute(statement, values).fetchone() or ()

    def _count(self, statement: str, *values: Any) -> int:
        with self.translated("writing"):
            return int(self.connection.execute(statement, values).rowcount)


def wait_after_s(attempts: int) -> float:
    """Return how long a project waits after so many failures on end, in seconds, jitter apart.

    Source:
        Exponential backoff: doubles from 5 s and stops at a quarter of an hour.
    """
    return min(_CAP_S, _BASE_S * math.pow(2.0, min(attempts - 1, 20)))
