"""How a memory lies on PostgreSQL: the same tables and columns, in a schema of its own.

Statements only; nothing here is connected. Columns come from the models that describe them, and
the statements of readers are those for SQLite, with the few things spelled anew that differ.
"""

from __future__ import annotations

import re
import sys
from array import array
from functools import lru_cache
from typing import Any, NamedTuple

from rtkq.recall import layout, queries
from rtkq.schema.memory import (
    CommitRow,
    DefinitionRow,
    EdgeRow,
    FieldRow,
    FileRow,
    LayerRow,
    PartRow,
    PostingRow,
    TallyRow,
)

#: What readers need. Debts, imports as written and the rest of long lists are the builder's.
_MODELS = (
    TallyRow, FieldRow, FileRow, CommitRow, DefinitionRow, PostingRow, EdgeRow, PartRow, LayerRow,
)  # fmt: skip
#: SQLite's integers have 64 bits, and texts are in the order of their bytes on both sides.
_TYPES = {"INT": "int8", "BOOL": "int8", "TEXT": "text", "BLOB": "bytea"}
_COLLATIONS = {"text": ' COLLATE "C"'}
#: Beside those of the primary keys.
_INDEXES = (
    "CREATE UNIQUE INDEX ON {schema}.file (path)",
    "CREATE INDEX ON {schema}.file (name)",
    "CREATE INDEX ON {schema}.file (role, heat DESC, path)",
    "CREATE INDEX ON {schema}.definition (name, file)",
    "CREATE INDEX ON {schema}.edge (target, kind)",
)


class Table(NamedTuple):
    """One table of a memory."""

    name: str
    columns: tuple[str, ...]
    #: PostgreSQL's, a column each.
    types: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def selection(self) -> str:
        """The statement that reads it all from SQLite, in the order of its key."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {', '.join(self.key)}"

    def creation(self, schema: str) -> str:
        """Return the statement that makes it in a *schema*."""
        typed = zip(self.columns, self.types, strict=True)
        columns = [f"{name} {kind}{_COLLATIONS.get(kind, '')} NOT NULL" for name, kind in typed]
        key = f"PRIMARY KEY ({', '.join(self.key)})"
        return f"CREATE TABLE {schema}.{self.name} ({', '.join([*columns, key])})"

    def copying(self, schema: str) -> str:
        """Return the statement that fills it with rows in binary form."""
        columns = ", ".join(self.columns)
        return f"COPY {schema}.{self.name} ({columns}) FROM STDIN (FORMAT binary)"


def _table(model: Any) -> Table:
    meta = model._meta
    fields = meta.sorted_fields
    return Table(
        meta.table_name,
        tuple(field.column_name for field in fields),
        tuple(_TYPES[field.field_type] for field in fields),
        tuple(field.column_name for field in meta.get_primary_keys()),
    )


TABLES = tuple(map(_table, _MODELS))


def indexes(schema: str) -> list[str]:
    """Return the statements that make the indexes of a filled *schema*."""
    return [statement.format(schema=schema) for statement in _INDEXES]


# -- rows ----------------------------------------------------------------------------------


def portable_row(table: Table, row: tuple[Any, ...]) -> list[Any]:
    """Return a *row* of SQLite's as PostgreSQL can hold it."""
    # A NUL is the one character it has no room for; readers print neither of the two.
    kept: list[Any] = [
        value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row
    ]
    if table.name == "posting":
        _, number, _, head = row
        kept[-1] = little_endian(number, head)
    return kept


def native_rows(query: str, rows: list[Any]) -> list[Any]:
    """Return the *rows* of a query as they would come from a memory on this machine."""
    if query == queries.HEADS:
        return [(term, number, df, little_endian(number, head)) for term, number, df, head in rows]
    return rows


def little_endian(number: int, head: bytes) -> bytes:
    """Return the head of a field's posting list, or the short lists of a term (`layout`), packed.

    In the byte order of the database, or back in our own.
    """
    if sys.byteorder == "little":
        return head
    if number == layout.SHORT_LISTS:
        short = layout.unpack_short(head)
        return layout.pack_short((field, _swapped(packed)) for field, _, packed in short)
    return _swapped(head)


def _swapped(head: bytes) -> bytes:
    packed, impacts = layout.unpack(head)
    documents = array("I", packed)
    documents.byteswap()
    return layout.pack(documents.tobytes(), bytes(impacts))


# -- the statements of readers -------------------------------------------------------------

#: There are no debts here: what was published was owed nothing.
UNASKED = (queries.OWNER, queries.META, queries.OWED)
#: A stat signature means nothing on another disk, a content does.
_SPELLED_ANEW = {
    queries.FILES: "SELECT id, path, role, heat, size, content, 0 FROM file WHERE id IN ({})",
}
_LISTED = """(SELECT value::int8, place FROM jsonb_array_elements_text(?::jsonb)
              WITH ORDINALITY AS one (value, place)) AS wanted"""
_OF_A_TABLE = re.compile(rf"\b(FROM|JOIN) ({'|'.join(table.name for table in TABLES)})\b")


@lru_cache(maxsize=512)
def translated(query: str, schema: str) -> str:
    """Return a *query* of ``recall.queries`` as PostgreSQL understands it.

    Values come as a list each where it looks among some.
    """
    text = _SPELLED_ANEW.get(query, query)
    text = text.replace("IN ({})", "= ANY(?)").replace("CROSS JOIN", "JOIN")
    if "json_each(?)" in text:
        text = text.replace("json_each(?)", _LISTED) + " ORDER BY place, ordinal"
    return _OF_A_TABLE.sub(rf"\1 {schema}.\2", text).replace("?", "%b")
