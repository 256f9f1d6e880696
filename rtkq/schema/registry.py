"""One registry a home: every project that rtkq knows."""

from __future__ import annotations

from rtkq import drivers
from rtkq.schema import Schema

with drivers.left_out():
    from peewee import FloatField, IntegerField, Model, TextField


class ProjectRow(Model):
    """A registered checkout."""

    root = TextField(primary_key=True)
    #: Raised at each mark-dirty.
    owed_seq = IntegerField(default=0)
    #: The owed_seq read by the last rebuild that ended clean.
    done_seq = IntegerField(default=0)
    #: Seconds since the epoch at which an agent last worked here; 0 for never.
    used_at = FloatField(default=0.0)
    #: Set while a nudge is believed to wait in the queue; a hint only, for nudges may be lost.
    nudged_at = FloatField(default=0.0)
    #: Failed rebuilds since the last success, and what holds the next one back.
    attempts = IntegerField(default=0)
    retry_at = FloatField(default=0.0)
    last_error = TextField(default="")

    class Meta:
        table_name = "project"


REGISTRY = Schema(
    "registry",
    (ProjectRow,),
    (
        (
            """CREATE TABLE project (root TEXT NOT NULL PRIMARY KEY, owed_seq INTEGER NOT NULL,
               done_seq INTEGER NOT NULL, used_at REAL NOT NULL, nudged_at REAL NOT NULL,
               attempts INTEGER NOT NULL, retry_at REAL NOT NULL, last_error TEXT NOT NULL)""",
        ),
    ),
)
