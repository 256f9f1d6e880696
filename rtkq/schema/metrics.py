"""One database of metrics a home: what hooks and workers did, in numbers."""

from __future__ import annotations

from rtkq import drivers
from rtkq.schema import Schema

with drivers.left_out():
    from peewee import BooleanField, CompositeKey, IntegerField, Model, TextField


class CallRow(Model):
    """How many calls of the hook were alike, in one hour."""

    #: Hours since the epoch.
    hour = IntegerField()
    root = TextField()
    agent = TextField()
    #: Normalised type of the subagent; empty where the call was not about one.
    type = TextField()
    event = TextField()
    outcome = TextField()
    #: State of the memory that was served; empty without one.
    state = TextField()
    #: How long they took: see ``store.metrics.slot``.
    slot = IntegerField()
    calls = IntegerField()
    #: What they injected, in characters.
    chars = IntegerField()

    class Meta:
        table_name = "call"
        primary_key = CompositeKey(
            "hour", "root", "agent", "type", "event", "outcome", "state", "slot"
        )
        without_rowid = True


class GivenRow(Model):
    """One of the last contexts that a subagent was given."""

    id = IntegerField(primary_key=True)
    #: Milliseconds since the epoch.
    at = IntegerField()
    root = TextField()
    agent = TextField()
    type = TextField()
    outcome = TextField()
    state = TextField()
    generation = IntegerField()
    chars = IntegerField()
    elapsed_us = IntegerField()
    #: How many files it named, and the first of them, a path a line.
    files = IntegerField()
    paths = TextField()
    #: Leads to the transcript of the subagent: see ``receipts.link_of``.
    link = TextField()

    class Meta:
        table_name = "given"


class FoldedRow(Model):
    """How far a file of receipts has been counted."""

    file = TextField(primary_key=True)
    offset = IntegerField()

    class Meta:
        table_name = "folded"
        without_rowid = True


class PaidRow(Model):
    """How many rebuilds were alike, in one hour."""

    hour = IntegerField()
    root = TextField()
    is_done = BooleanField()
    slot = IntegerField()
    rebuilds = IntegerField()

    class Meta:
        table_name = "paid"
        primary_key = CompositeKey("hour", "root", "is_done", "slot")
        without_rowid = True


METRICS = Schema(
    "metrics",
    (CallRow, GivenRow, FoldedRow, PaidRow),
    (
        (
            """CREATE TABLE call (hour INTEGER NOT NULL, root TEXT NOT NULL, agent TEXT NOT NULL,
               type TEXT NOT NULL, event TEXT NOT NULL, outcome TEXT NOT NULL,
               state TEXT NOT NULL, slot INTEGER NOT NULL, calls INTEGER NOT NULL,
               chars INTEGER NOT NULL,
               PRIMARY KEY (hour, root, agent, type, event, outcome, state, slot)) WITHOUT ROWID""",
            """CREATE TABLE given (id INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL,
               root TEXT NOT NULL, agent TEXT NOT NULL, type TEXT NOT NULL, outcome TEXT NOT NULL,
               state TEXT NOT NULL, generation INTEGER NOT NULL, chars INTEGER NOT NULL,
               elapsed_us INTEGER NOT NULL, files INTEGER NOT NULL, paths TEXT NOT NULL)""",
            """CREATE TABLE folded (file TEXT NOT NULL PRIMARY KEY, offset INTEGER NOT NULL)
               WITHOUT ROWID""",
            """CREATE TABLE paid (hour INTEGER NOT NULL, root TEXT NOT NULL,
               is_done INTEGER NOT NULL, slot INTEGER NOT NULL, rebuilds INTEGER NOT NULL,
               PRIMARY KEY (hour, root, is_done, slot)) WITHOUT ROWID""",
        ),
        ("ALTER TABLE given ADD COLUMN link TEXT NOT NULL DEFAULT ''",),
        # By this a team tells stores apart that count: hosts, users and homes may have equal names.
        (
            "CREATE TABLE source (name TEXT NOT NULL)",
            "INSERT INTO source VALUES (lower(hex(randomblob(16))))",
        ),
    ),
)
