"""Tables of the four kinds of database, and the numbered migrations that make them.

``registry``: one a home, all projects. ``facts``: sixteen a home, what was extracted from
contents. ``memory``: one a checkout, what the hook reads. ``metrics``: one a home, what hooks and
workers did, in numbers. A model is bound to a database only
while that database is in use, for many memories share the same models.

A table is WITHOUT ROWID where its rows are short. Where they are long it is not, for in a tree by
key what exceeds a fourth of a page takes pages of its own, and half of their room stays empty.

A migration is never edited once released; a new one is appended. ``user_version`` holds the
number of the last one applied, ``application_id`` says the file is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtkq import drivers

with drivers.left_out():
    from peewee import Model

#: "rtkq" in ASCII; tells our files from any other SQLite file.
APPLICATION_ID = 0x72746B71


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one kind of database and how they came to be."""

    #: What messages call it.
    kind: str
    models: tuple[type[Model], ...]
    #: Statements of each migration, oldest first; index + 1 is its number.
    migrations: tuple[Sequence[str], ...]

    @property
    def version(self) -> int:
        """The number of the newest migration."""
        return len(self.migrations)
