"""Facts on PostgreSQL: the statements that read and write their table.

Nothing here waits within bounds or tries again; see ``team.line`` and ``team.breaker``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rtkq.store.facts import SHARDS
from rtkq.team.postgres import Postgres

_KEYS_A_QUERY = 500

_FETCH = "SELECT key, payload FROM fact WHERE key = ANY(%b)"
_LACKING = """SELECT wanted FROM unnest(%b::bytea[]) AS wanted
    WHERE NOT EXISTS (SELECT FROM fact WHERE key = wanted)"""
# What is there already is not written again: most of what a worker puts others have put before.
_PUT = """INSERT INTO fact (key, payload) SELECT * FROM unnest(%b::bytea[], %b::bytea[])
    ON CONFLICT (key) DO UPDATE SET payload = excluded.payload, put_at = excluded.put_at
    WHERE fact.payload IS DISTINCT FROM excluded.payload"""
# Once a week is enough to tell what is used from what is not, and spares nearly all writes.
_NOTE_USE = """UPDATE fact SET used_on = current_date
    WHERE key = ANY(%b) AND used_on < current_date - 7"""
# What another server worker is at deleting is left to it.
_PRUNE = """DELETE FROM fact WHERE key IN (
    SELECT key FROM fact WHERE key >= %b AND key < %b AND used_on < current_date - %s::integer
    ORDER BY key LIMIT 5000 FOR UPDATE SKIP LOCKED)"""
#: Higher than any key of the shard before it.
_PAST_ALL = b"\xff" * 64


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

    def note_use(self, keys: Iterable[bytes]) -> None:
        """Let *keys* count as used today, where they are stored."""
        with self.translated("writing"):
            for batch in _batches(sorted(keys)):
                self.connection.execute(_NOTE_USE, (batch,))

    def prune(self, shard: int, days: int) -> int:
        """Delete the facts of a *shard* that nobody has used for so many *days*.

        Returns:
            How many there were.
        """
        first = bytes([shard << 4])
        beyond = bytes([shard + 1 << 4]) if shard + 1 < SHARDS else _PAST_ALL
        deleted = 0
        with self.translated("pruning"):
            while gone := self.connection.execute(_PRUNE, (first, beyond, days)).rowcount:
                deleted += gone
        return deleted

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
