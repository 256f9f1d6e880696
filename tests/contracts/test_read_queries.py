"""The read side knows the schema by heart, for importing it would cost the hook its budget."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest

from rtkq import paths, schema, store
from rtkq.recall import memory, queries
from rtkq.schema.memory import MEMORY

NAMES = {query: name for name, query in vars(queries).items() if isinstance(query, str)}


@pytest.fixture
def fresh(home: str) -> Iterator[sqlite3.Connection]:
    """A memory as the migrations leave it."""
    store.register(home, "/somewhere")
    connection = sqlite3.connect(f"file:{paths.memory_file(home, '/somewhere')}?mode=ro", uri=True)
    yield connection
    connection.close()


def explained(connection: sqlite3.Connection, query: str) -> list[str]:
    """Return SQLite's plan for *query*, one step a line."""
    placed = query.format("?, ?")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {placed}", ("1",) * placed.count("?"))
    return [detail for *_, detail in plan]


def test_every_statement_is_listed() -> None:
    """What is not listed would not be checked here."""
    written = {
        text for name, text in vars(queries).items() if name.isupper() and isinstance(text, str)
    }

    assert written == set(queries.ALL)


BOUNDED = [query for query in queries.ALL if query not in queries.OF_THE_WHOLE]


@pytest.mark.parametrize("query", BOUNDED, ids=NAMES.get)
def test_statement_finds_its_rows_by_an_index(fresh: sqlite3.Connection, query: str) -> None:
    """A statement compiles against the schema and its work does not grow with the project."""
    plan = explained(fresh, query)

    assert plan
    assert not [step for step in plan if re.match(r"SCAN (posting|tail|file|definition)\b", step)]


def test_reader_and_writer_agree_on_what_a_memory_is() -> None:
    """Two places name application and version; a reader of another version serves nothing."""
    assert memory.APPLICATION_ID == schema.APPLICATION_ID
    assert MEMORY.version == memory.SCHEMA_VERSION
