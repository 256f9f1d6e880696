"""Facts on PostgreSQL: the statements that read and write their table.

Nothing here waits within bounds or tries again; see ``team.line`` and ``team.breaker``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rtkq.team.postgres import Postgres

_KEYS_A_QUERY = 500

_FETCH = "SELECT key, payload FROM fact WHERE key = ANY(%b)"
_LACKING = """SELECT wanted FROM unnest(%b::bytea[]) AS wanted
    WHERE NOT EXISTS (SELECT FROM fact WHERE key = wanted)"""
# What is there already is not written again: most of what a worker puts others have put before.
_PUT = """INSERT INTO fact (key, payload) SELECT * FROM unnest(%b::bytea[], %b::bytea[])
    ON CONFLICT (key) DO UPDATE SET payload = excluded.payload, put_at = excluded.put_at
    WHERE fact.payload IS DISTINCT FROM excluded.payload"""


class PostgresFacts(Postgres):
    """The facts of a team, over one connection; a `FactStore`."""

    def fetch(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the stored payloads of *keys*; what is not stored is left out."""
        found: dict[bytes, bytes] = {}
        with self.translated("reading"):
            for batch in _batches(keys):
                found.update(self.connection.execute(_FETCH, (batch,), binary=True).fetchall())
        return found

    def put(self, payloads: Mapping[bytes, bytes]) -> None:
        """Store *payloads* by key, in transactions of a few hundred."""
        # In one order for all: two workers that put the same keys must not wait for each other.
        with self.translated("writing"):
            for batch in _batches(sorted(payloads)):
                self.connection.execute(_PUT, (batch, [payloads[key] for key in batch]))

    def lacking(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those of *keys* that are not stored, in no order."""
        with self.translated("reading"):
            return [
                key
                for batch in _batches(keys)
                for (key,) in self.connection.execute(_LACKING, (batch,), binary=True)
            ]


def _batches(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    listed = list(keys)
    for start in range(0, len(listed), _KEYS_A_QUERY):
        yield listed[start : start + _KEYS_A_QUERY]
