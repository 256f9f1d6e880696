"""Sixteen databases of facts a home: what was extracted from contents."""

from __future__ import annotations

from rtkq import drivers
from rtkq.schema import Schema

with drivers.left_out():
    from peewee import BlobField, IntegerField, Model


class FactRow(Model):
    """What one content gave to one version of one language's extractor."""

    #: Hash of the bytes, language and extractor version: see ``store.facts``.
    key = BlobField(primary_key=True)
    payload = BlobField()
    #: Day since the epoch on which it was put, or last found to be used by a memory.
    day = IntegerField(default=0)

    class Meta:
        table_name = "fact"


FACTS = Schema(
    "facts",
    (FactRow,),
    (
        (
            """CREATE TABLE fact (key BLOB NOT NULL PRIMARY KEY, payload BLOB NOT NULL)
               WITHOUT ROWID""",
        ),
        ("ALTER TABLE fact ADD COLUMN day INTEGER NOT NULL DEFAULT 0",),
        (
            # As numbered rows, like all that is long: see `rtkq.schema`.
            "DROP TABLE fact",
            """CREATE TABLE fact (key BLOB NOT NULL PRIMARY KEY, payload BLOB NOT NULL,
               day INTEGER NOT NULL)""",
        ),
    ),
)
