"""A team's database on PostgreSQL: connecting to it, its tables and their migrations.

Nothing here waits within bounds or tries again; see ``team.line`` and ``team.breaker``.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

import psycopg

from rtkq.errors import StoreError, StoreGone
from rtkq.team.address import shown, without_secrets

#: For servers that never answer; whoever waits gives up long before.
_CONNECT_S = 10
_STATEMENT_MS = 60_000
#: So that either side notices within a minute that a network has swallowed the other.
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_KEPT_ALIVE = "; ".join(f"SET tcp_{name} = {value}" for name, value in _KEEPALIVE.items())
#: "rtkq" in ASCII: server workers that start at once migrate one after another.
_MIGRATION_LOCK = 0x72746B71

#: A migration is never edited once released; a new one is appended.
MIGRATIONS: tuple[str, ...] = (
    # The payload is compressed already. The key is bytes, so no collation has a say in its order.
    """CREATE TABLE fact (key bytea PRIMARY KEY, payload bytea NOT NULL,
       put_at timestamptz NOT NULL DEFAULT now());
       ALTER TABLE fact ALTER COLUMN payload SET STORAGE EXTERNAL""",
    # A remote whose default branch server workers keep indexed. Its row is the debt, the lease
    # and, as the symbolic link of a checkout is on the disk, what names its current memory.
    """CREATE TABLE central_project (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       remote text COLLATE "C" NOT NULL UNIQUE,  -- as team.remote spells it
       url text NOT NULL,  -- what git fetches, without credentials
       branch text NOT NULL DEFAULT '',  -- empty for the remote's default
       head text NOT NULL DEFAULT '',  -- the commit that is published
       indexed_at timestamptz,
       most_tokens integer NOT NULL DEFAULT 0,  -- of a context, as the repository asks
       memory text NOT NULL DEFAULT '',  -- the schema its memory lies in
       version integer NOT NULL DEFAULT 0,  -- of that memory's tables
       generation integer NOT NULL DEFAULT 0,  -- number of published states
       owed_seq bigint NOT NULL DEFAULT 0,
       done_seq bigint NOT NULL DEFAULT 0,
       fence bigint NOT NULL DEFAULT 0,  -- token of the last claim: only its holder may publish
       holder text NOT NULL DEFAULT '',
       leased_until timestamptz,
       attempts integer NOT NULL DEFAULT 0,
       retry_at timestamptz,
       last_error text NOT NULL DEFAULT '',
       fetched_at timestamptz,
       fetch_every_s integer NOT NULL DEFAULT 300,
       added_at timestamptz NOT NULL DEFAULT now())""",
    # Who may ask a team's daemon. Readers of the other tables need not know who else there is.
    """CREATE TABLE granted (name text COLLATE "C" PRIMARY KEY, digest text NOT NULL UNIQUE,
       role text NOT NULL, projects text[] NOT NULL, created_at bigint NOT NULL,
       expires_at bigint NOT NULL);
       DO $$ DECLARE reader text; BEGIN
       FOR reader IN SELECT DISTINCT grantee::regrole FROM pg_class, aclexplode(relacl)
           WHERE oid = 'granted'::regclass AND grantee <> relowner AND grantee <> 0 LOOP
           EXECUTE format('REVOKE ALL ON granted FROM %s', reader);
       END LOOP; END $$;
       REVOKE ALL ON granted FROM PUBLIC""",
    # What machines counted, an hour at a time. Projects are remotes, or hashes that tell nothing.
    """CREATE TABLE reporter (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       source text NOT NULL UNIQUE, host text NOT NULL, username text NOT NULL,
       seen_at timestamptz NOT NULL DEFAULT now());
       CREATE TABLE team_call (
       reporter integer REFERENCES reporter ON DELETE CASCADE, hour integer,
       project text COLLATE "C", agent text, type text, outcome text, state text, slot integer,
       calls bigint NOT NULL, chars bigint NOT NULL,
       PRIMARY KEY (reporter, hour, project, agent, type, outcome, state, slot));
       CREATE TABLE team_rebuild (
       reporter integer REFERENCES reporter ON DELETE CASCADE, hour integer,
       project text COLLATE "C", is_done boolean, slot integer, rebuilds bigint NOT NULL,
       PRIMARY KEY (reporter, hour, project, is_done, slot))""",
    # When a server worker had it last, to within a week; not indexed, so noting it stays cheap.
    "ALTER TABLE fact ADD COLUMN used_on date NOT NULL DEFAULT current_date",
    # When a sweep last gave a nudge, and how the published memory was built: an update of rtkq
    # publishes it anew.
    """ALTER TABLE central_project ADD COLUMN nudged_at timestamptz,
       ADD COLUMN recipe text NOT NULL DEFAULT ''""",
)


class Postgres:
    """A connection to a team's database, whose tables are of this version."""

    def __init__(self, url: str, *, is_publishing: bool = False, is_writing: bool = False) -> None:
        """Connect to the database at *url*.

        Args:
            url: ``postgresql://…`` as libpq understands it.
            is_publishing: Make the tables where they are missing, and be able to put.
            is_writing: Be able to write, into tables that are there.

        Raises:
            StoreError: It cannot be reached, or its tables are missing or of another version.
        """
        self._url = url
        with self.translated("reaching"):
            # Without prepared statements: behind a pooler each may meet another connection.
            self.connection = psycopg.connect(
                url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=_CONNECT_S,
                **_KEEPALIVE,
            )
            try:
                self._prepare(is_publishing, is_writing)
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a *statement* that reads.

        Raises:
            StoreGone: A table in it was dropped.
            StoreError: The server is not reached any more, or refused.
        """
        with self.translated("reading"):
            return self.connection.execute(statement, values, binary=True).fetchall()

    def close(self) -> None:
        """Say goodbye."""
        with suppress(psycopg.Error):
            self.connection.close()

    def cut(self) -> None:
        """End the connection from another thread: whoever waits for its answer gets an error."""
        with suppress(OSError, psycopg.Error):
            descriptor = os.dup(self.connection.fileno())
            with socket.socket(fileno=descriptor) as line:
                line.shutdown(socket.SHUT_RDWR)

    def _prepare(self, is_publishing: bool, is_writing: bool) -> None:
        self.connection.execute(f"SET statement_timeout = {_STATEMENT_MS}; {_KEPT_ALIVE}")
        if is_publishing:
            self._migrate()
        elif not is_writing:
            self.connection.execute("SET default_transaction_read_only = on")
        self._check_version()

    def _migrate(self) -> None:
        with self.connection.transaction():
            self.connection.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY,"
                " done_at timestamptz NOT NULL DEFAULT now())"
            )
            done = self._version()
            for number, statements in enumerate(MIGRATIONS[done:], done + 1):
                self.connection.execute(statements)
                self.connection.execute("INSERT INTO migration (number) VALUES (%s)", (number,))

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
        (version,) = self.connection.execute(
            "SELECT coalesce(max(number), 0) FROM migration"
        ).fetchone() or (0,)
        return int(version)

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Turn errors of the driver into ours, without what only the address may tell.

        Args:
            doing: What is attempted on the database, such as ``reading``.
        """
        try:
            yield
        except psycopg.Error as error:
            reason = without_secrets(str(error).strip() or type(error).__name__, self._url)
            is_gone = isinstance(error, psycopg.errors.UndefinedTable)
            kind = StoreGone if is_gone else StoreError
            raise kind(f"{doing} {shown(self._url)} failed: {reason}") from None
