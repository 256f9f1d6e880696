"""Publishing the memory of a central project on PostgreSQL.

A published memory is a *schema* that nobody changes any more. The row of the project names the
current one, as a symbolic link does on the disk. A schema is made, filled and named in one
transaction: until its end nobody sees anything of it, and if it is cut nothing remains of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from rtkq.errors import LeaseLost, StoreDamaged, StoreError
from rtkq.recall import memory, queries
from rtkq.records import Stage
from rtkq.team.central import tables
from rtkq.team.central.tables import TABLES, Table
from rtkq.team.postgres import Postgres

if TYPE_CHECKING:
    import psycopg

#: A large memory takes longer than any other statement may.
_COPY_TIMEOUT_MS = 600_000
#: Readers keep a table for milliseconds; a schema that stays is dropped after the next publishing.
_DROP_TIMEOUT_MS = 2_000

_POINT = """UPDATE central_project SET memory = %b, version = %b, generation = %b, head = %b,
                   indexed_at = to_timestamp(%b / 1000.0), most_tokens = %b
            WHERE id = %b"""
_SCHEMAS = r"""SELECT nspname FROM pg_namespace WHERE nspname LIKE 'central\_' || %b || '\_%%'"""


def publish(server: Postgres, project: int, memory_file: str, *, fence: int, head: str) -> int:
    """Publish a finished memory as the next generation of a central project.

    Args:
        server: A connection that may write.
        project: Number of the project.
        memory_file: The SQLite database of its checkout on this machine.
        fence: Token of the caller's lease.
        head: The commit that it was built from.

    Returns:
        The number of the generation.

    Raises:
        LeaseLost: Another worker claimed the project meanwhile, or somebody removed it.
        StoreDamaged: *memory_file* holds no finished memory.
        StoreError: The server could not be reached or refused; nothing of it is visible.
    """
    connection = server.connection
    with (
        closing(_opened(memory_file)) as source,
        server.translated("publishing to"),
        connection.transaction(),
    ):
        generation = _generation(connection, project) + 1
        # Named by the token as well: who lost the lease, and may hang for long in a
        # transaction, is never in the way of who has it.
        schema = f"central_{project}_{generation}_{fence}"
        _fill(connection, schema, source)
        _check_fence(connection, project, fence)
        named = schema, memory.SCHEMA_VERSION, generation, head
        connection.execute(_POINT, (*named, *_description(source), project))
    # What cannot be dropped now is found by the next publishing.
    with suppress(StoreError), server.translated("dropping in"):
        _drop(connection, _older(connection, project, generation))
    return generation


def forget(server: Postgres, project: int) -> None:
    """Drop all that was published of a central project, whether its row is still there or not.

    Raises:
        StoreError: The server could not be reached or refused.
    """
    with server.translated("forgetting in"):
        _drop(server.connection, _schemas(server.connection, project))


def _opened(file: str) -> sqlite3.Connection:
    source = sqlite3.connect(f"file:{memory.quoted(file)}?mode=ro", uri=True, isolation_level=None)
    try:
        source.execute("BEGIN")  # one state for all tables, whoever marks debts meanwhile
        owner = source.execute(queries.OWNER).fetchone()
        stage = source.execute("SELECT stage FROM meta").fetchone()
    except sqlite3.Error as error:
        source.close()
        raise StoreDamaged(f"reading {file} failed: {error}", "build it again") from error
    if owner != memory.OWNER or stage != (Stage.COMPLETE,):
        source.close()
        raise StoreDamaged(f"{file} holds no finished memory", "build it, then publish")
    return source


def _fill(connection: psycopg.Connection, schema: str, source: sqlite3.Connection) -> None:
    connection.execute(f"SET LOCAL statement_timeout = {_COPY_TIMEOUT_MS}")
    connection.execute(f"CREATE SCHEMA {schema}")
    for table in TABLES:
        connection.execute(table.creation(schema))
        _copy(connection, schema, table, source)
    for statement in tables.indexes(schema):
        connection.execute(statement)
    for table in TABLES:
        # Without statistics the planner would read whole tables until it has gathered some.
        connection.execute(f"ANALYZE {schema}.{table.name}")


def _copy(
    connection: psycopg.Connection, schema: str, table: Table, source: sqlite3.Connection
) -> None:
    with connection.cursor().copy(table.copying(schema)) as copy:
        copy.set_types(table.types)
        for row in source.execute(table.selection):
            copy.write_row(tables.portable_row(table, row))


def _description(source: sqlite3.Connection) -> tuple[int, int]:
    """Return when the memory was built, and how large its repository lets a context be."""
    indexed_at, most_tokens = source.execute("SELECT indexed_at, most_tokens FROM meta").fetchone()
    return indexed_at, most_tokens


def _generation(connection: psycopg.Connection, project: int) -> int:
    found = connection.execute(
        "SELECT generation FROM central_project WHERE id = %b", (project,)
    ).fetchone()
    if found is None:
        raise LeaseLost(f"publishing central project {project} was refused: it was removed")
    return int(found[0])


def _check_fence(connection: psycopg.Connection, project: int, fence: int) -> None:
    """Keep the project for this transaction, if *fence* is still the newest token."""
    newest = connection.execute(
        "SELECT fence FROM central_project WHERE id = %b FOR UPDATE", (project,)
    ).fetchone()
    if newest != (fence,):
        told = newest[0] if newest else "none"
        raise LeaseLost(
            f"publishing central project {project} was refused: token {fence}, newest {told}"
        )


def _schemas(connection: psycopg.Connection, project: int) -> list[str]:
    return [name for (name,) in connection.execute(_SCHEMAS, (str(project),))]


def _older(connection: psycopg.Connection, project: int, generation: int) -> list[str]:
    """Return the schemas before the one that readers in flight may still use."""
    named = [(int(name.split("_")[2]), name) for name in _schemas(connection, project)]
    return [name for number, name in named if number < generation - 1]


def _drop(connection: psycopg.Connection, schemas: Iterable[str]) -> None:
    for schema in schemas:
        with connection.transaction():
            connection.execute(f"SET LOCAL lock_timeout = {_DROP_TIMEOUT_MS}")
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
