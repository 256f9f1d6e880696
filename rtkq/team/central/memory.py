"""The memory of a central project as it was published: read like any other, over the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rtkq.errors import StoreGone
from rtkq.recall import Memory, memory
from rtkq.recall.disk import Disk
from rtkq.records import Stage
from rtkq.team.central import tables
from rtkq.team.central.overlay import Overlay

_FIND = """SELECT remote, memory, generation, head,
                  (extract(epoch FROM indexed_at) * 1000)::int8, most_tokens
           FROM central_project WHERE remote = %b AND memory <> '' AND version = %b"""
_REMOTES = "SELECT remote FROM central_project WHERE memory <> '' AND version = %b"


class Published(NamedTuple):
    """What is published of a central project."""

    remote: str
    #: Where its memory lies.
    schema: str
    generation: int
    #: The commit it was built from.
    head: str
    indexed_at_ms: int
    #: Upper bound of a context that the repository asks for, in tokens; 0 for none.
    most_tokens: int


#: Sends a statement with its values and returns the rows.
Asking = Callable[[str, Sequence[Any]], list[Any]]


def find(ask: Asking, remote: str) -> Published | None:
    """Return what is published of a *remote* (as ``team.remote`` spells it), if we can read it."""
    rows = ask(_FIND, (remote, memory.SCHEMA_VERSION))
    return Published(*rows[0]) if rows else None


def remotes(ask: Asking) -> set[str]:
    """Return the remotes of which something is published that we can read."""
    return {remote for (remote,) in ask(_REMOTES, (memory.SCHEMA_VERSION,))}


class Superseded(BaseException):
    """Two generations were published while one was being read: whoever reads begins anew.

    No error, so that nobody on the way takes it for the end of an attempt.
    """


class CentralMemory(Memory):
    """A published memory, and the files it is laid over."""

    def __init__(self, ask: Asking, published: Published, overlay: Overlay) -> None:
        """Read nothing yet.

        Args:
            ask: Asks the server that holds it.
            published: Where it lies.
            overlay: The files of whoever asks.
        """
        self.home = ""
        self.root = overlay.root
        self.stage = str(Stage.COMPLETE)
        self.generation = published.generation
        self.indexed_at_ms = published.indexed_at_ms
        self.provenance = f' source="team" commit="{published.head}"'
        self._most_tokens = published.most_tokens
        self._ask = ask
        self._published = published
        self._overlay = overlay

    def rows(self, query: str, values: tuple[Any, ...] = (), among: Iterable[Any] = ()) -> Any:
        """Return all rows of a *query* of ``recall.queries``."""
        if query in tables.UNASKED:
            return []
        if "{}" in query:
            listed = [*among]
            if not listed:
                return []
            values = (*values, listed)
        statement = tables.translated(query, self._published.schema)
        try:
            rows = self._ask(statement, values)
        except StoreGone:
            raise Superseded from None
        return tables.native_rows(query, rows)

    def row(self, query: str) -> Any:
        """Return the first row of a *query*, or None."""
        return next(iter(self.rows(query)), None)

    def state(self, stale_after_s: int) -> str:  # noqa: ARG002 (what is published never ages)
        """Return ``fresh`` for the very commit that is published, untouched; else ``dirty``."""
        return "fresh" if self._overlay.is_untouched(self._published.head) else "dirty"

    def disk(self, root: str) -> Disk:  # noqa: ARG002 (it is the one this memory was opened for)
        """Return the files this memory is laid over."""
        return self._overlay

    def close(self) -> None:
        """Leave the connection to its keeper."""
