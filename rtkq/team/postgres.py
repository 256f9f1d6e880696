"""Facts on PostgreSQL: the tables, their migrations, and the statements that read and write them.

Nothing here waits within bounds or tries again; see ``team.line`` and ``team.breaker``.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Self

import psycopg

from rtkq.errors import StoreError
from rtkq.team.address import shown, without_secrets

_KEYS_A_QUERY = 500
#: For servers that never answer; whoever waits gives up long before.
_CONNECT_S = 10
_STATEMENT_MS = 60_000
#: "rtkq" in ASCII: server workers that start at once migrate one after another.
_MIGRATION_LOCK = 0x72746B71

#: A migration is never edited once released; a new one is appended.
MIGRATIONS: tuple[str, ...] = (
    # The payload is compressed already. The key is bytes, so no collation has a say in its order.
    """CREATE TABLE fact (key bytea PRIMARY KEY, payload bytea NOT NULL,
       put_at timestamptz NOT NULL DEFAULT now());
       ALTER TABLE fact ALTER COLUMN payload SET STORAGE EXTERNAL""",
)

_FETCH = "SELECT key, payload FROM fact WHERE key = ANY(%b)"
_LACKING = """SELECT wanted FROM unnest(%b::bytea[]) AS wanted
    WHERE NOT EXISTS (SELECT FROM fact WHERE key = wanted)"""
# What is there already is not written again: most of what a worker puts others have put before.
_PUT = """INSERT INTO fact (key, payload) SELECT * FROM unnest(%b::bytea[], %b::bytea[])
    ON CONFLICT (key) DO UPDATE SET payload = excluded.payload, put_at = excluded.put_at
    WHERE fact.payload IS DISTINCT FROM excluded.payload"""


class PostgresFacts:
    """The facts of a team, over one connection; a `FactStore`."""

    def __init__(self, url: str, *, is_publishing: bool = False) -> None:
        """Connect to the database at *url*.

        Args:
            url: ``postgresql://…`` as libpq understands it.
            is_publishing: Make the tables where they are missing, and be able to put.

        Raises:
            StoreError: It cannot be reached, or its tables are missing or of another version.
        """
        self._url = url
        with self._translated("reaching"):
            # Without prepared statements: behind a pooler each may meet another connection.
            self._connection = psycopg.connect(
                url, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_S
            )
            try:
                self._prepare(is_publishing)
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fetch(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the stored payloads of *keys*; what is not stored is left out."""
        found: dict[bytes, bytes] = {}
        with self._translated("reading"):
            for batch in _batches(keys):
                found.update(self._connection.execute(_FETCH, (batch,), binary=True).fetchall())
        return found

    def put(self, payloads: Mapping[bytes, bytes]) -> None:
        """Store *payloads* by key, in transactions of a few hundred."""
        # In one order for all: two workers that put the same keys must not wait for each other.
        with self._translated("writing"):
            for batch in _batches(sorted(payloads)):
                self._connection.execute(_PUT, (batch, [payloads[key] for key in batch]))

    def lacking(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those of *keys* that are not stored, in no order."""
        with self._translated("reading"):
            return [
                key
                for batch in _batches(keys)
                for (key,) in self._connection.execute(_LACKING, (batch,), binary=True)
            ]

    def close(self) -> None:
        """Say goodbye."""
        with suppress(psycopg.Error):
            self._connection.close()

    def cut(self) -> None:
        """End the connection from another thread: whoever waits for its answer gets an error."""
        with suppress(OSError, psycopg.Error):
            descriptor = os.dup(self._connection.fileno())
            with socket.socket(fileno=descriptor) as line:
                line.shutdown(socket.SHUT_RDWR)

    def _prepare(self, is_publishing: bool) -> None:
        self._connection.execute(f"SET statement_timeout = {_STATEMENT_MS}")
        if is_publishing:
            self._migrate()
        else:
            self._connection.execute("SET default_transaction_read_only = on")
        self._check_version()

    def _migrate(self) -> None:
        with self._connection.transaction():
            self._connection.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY,"
                " done_at timestamptz NOT NULL DEFAULT now())"
            )
            done = self._version()
            for number, statements in enumerate(MIGRATIONS[done:], done + 1):
                self._connection.execute(statements)
                self._connection.execute("INSERT INTO migration (number) VALUES (%s)", (number,))

    def _check_version(self) -> None:
        try:
            version = self._version()
        except psycopg.errors.UndefinedTable:
            version = 0
        if version < len(MIGRATIONS):
            raise StoreError(
                f"{shown(self._url)} is of version {version}, older than {len(MIGRATIONS)}",
                "a server worker of this version prepares it: rtkq worker --server",
            )
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{shown(self._url)} is of version {version}, newer than {len(MIGRATIONS)}",
                "update rtkq",
            )

    def _version(self) -> int:
        (version,) = self._connection.execute(
            "SELECT coalesce(max(number), 0) FROM migration"
        ).fetchone() or (0,)
        return int(version)

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            reason = without_secrets(str(error).strip() or type(error).__name__, self._url)
            raise StoreError(f"{doing} {shown(self._url)} failed: {reason}") from None


def _batches(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    listed = list(keys)
    for start in range(0, len(listed), _KEYS_A_QUERY):
        yield listed[start : start + _KEYS_A_QUERY]
