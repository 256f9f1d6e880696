"""What hooks and workers did, in numbers: counted by the hour, alike with alike.

A receipt is counted once: the place up to which its file has been counted is stored in the
transaction that stores the counts.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple

from rtkq import paths
from rtkq.errors import StoreDamaged, StoreError
from rtkq.schema.metrics import METRICS, CallRow, FoldedRow, GivenRow, PaidRow
from rtkq.store.database import Database, private_folder

HOUR_S = 3600
#: Outcomes by which a context reached the subagent or whoever wanted to spawn it.
GIVEN = frozenset({"injected", "superseded", "mapped", "denied"})
_KEPT_CONTEXTS = 500
#: Slots are a quarter of an octave wide: a time read back is less than 10 % off.
SLOTS_AN_OCTAVE = 4
_FIRST_SLOT_US = 100


class Call(NamedTuple):
    """What calls have in common that are counted together; the columns of ``CallRow``."""

    hour: int
    root: str
    agent: str
    type: str
    event: str
    outcome: str
    state: str
    slot: int


class Rebuild(NamedTuple):
    """What rebuilds have in common that are counted together; the columns of ``PaidRow``."""

    hour: int
    root: str
    is_done: bool
    slot: int


@dataclass(frozen=True, slots=True)
class Context:
    """A context that a subagent was given; fields as in ``GivenRow``."""

    at: int
    root: str
    agent: str
    type: str
    outcome: str
    state: str
    generation: int
    chars: int
    elapsed_us: int
    files: int
    paths: tuple[str, ...]
    link: str = ""


def slot(elapsed_us: float) -> int:
    """Return the slot that a time is counted in: 0 up to 0.1 ms, then four an octave."""
    if elapsed_us <= _FIRST_SLOT_US:
        return 0
    return math.ceil(SLOTS_AN_OCTAVE * math.log2(elapsed_us / _FIRST_SLOT_US))


def limit_ms(number: int) -> float:
    """Return the longest time that is counted in slot *number*, in milliseconds."""
    return float(_FIRST_SLOT_US * 2.0 ** (number / SLOTS_AN_OCTAVE) / 1000)


class Metrics(Database):
    """The open metrics of a home; use it as a context manager, and only briefly."""

    def __init__(self, home: str) -> None:
        private_folder(home)
        super().__init__(paths.metrics_file(home), METRICS)

    # -- receipts ------------------------------------------------------------------------------

    def folded(self, file: str) -> int:
        """Return the place in a *file* of receipts up to which it has been counted."""
        row = FoldedRow.get_or_none(FoldedRow.file == file)
        return 0 if row is None else int(row.offset)

    def fold(
        self,
        file: str,
        offset: int,
        calls: Counter[Call],
        chars: Counter[Call],
        given: Iterable[Context],
    ) -> None:
        """Count *calls*, and that *file* has been counted up to *offset*.

        Call it within the transaction that asked `folded`.
        """
        self.connection.executemany(
            "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " calls = calls + excluded.calls, chars = chars + excluded.chars",
            [(*call, count, chars[call]) for call, count in calls.items()],
        )
        for context in given:
            GivenRow.insert(
                at=context.at,
                root=context.root,
                agent=context.agent,
                type=context.type,
                outcome=context.outcome,
                state=context.state,
                generation=context.generation,
                chars=context.chars,
                elapsed_us=context.elapsed_us,
                files=context.files,
                paths="\n".join(context.paths),
                link=context.link,
            ).execute()
        FoldedRow.replace(file=file, offset=offset).execute()

    def settle(self, files: Iterable[str]) -> None:
        """Forget how far files were counted that are not among *files*, and old contexts."""
        gone = {row.file for row in FoldedRow.select()} - set(files)
        for file in gone:
            FoldedRow.delete_by_id(file)
        newest = GivenRow.select(GivenRow.id).order_by(GivenRow.id.desc()).limit(_KEPT_CONTEXTS)
        GivenRow.delete().where(GivenRow.id.not_in(newest)).execute()

    def calls(self, since: float) -> Counter[tuple[Call, int]]:
        """Return how often each kind of call was made in the hours from *since* on.

        Args:
            since: Seconds since the epoch; its whole hour counts.

        Returns:
            Number by (call, characters injected by them all).
        """
        rows = self.connection.execute(
            "SELECT * FROM call WHERE hour >= ?", (int(since) // HOUR_S,)
        )
        return Counter({(Call(*like), chars): calls for *like, calls, chars in rows})

    def contexts(self, limit: int) -> list[Context]:
        """Return the contexts given last, newest first."""
        rows = GivenRow.select().order_by(GivenRow.at.desc(), GivenRow.id.desc()).limit(limit)
        return [
            Context(
                row.at,
                row.root,
                row.agent,
                row.type,
                row.outcome,
                row.state,
                row.generation,
                row.chars,
                row.elapsed_us,
                row.files,
                tuple(row.paths.split("\n")) if row.paths else (),
                row.link,
            )
            for row in rows
        ]

    # -- rebuilds ------------------------------------------------------------------------------

    def rebuilt(self, root: str, elapsed_s: float, *, is_done: bool, at: float) -> None:
        """Count one rebuild of *root* that ended at *at*, seconds since the epoch."""
        self.connection.execute(
            "INSERT INTO paid VALUES (?, ?, ?, ?, 1)"
            " ON CONFLICT DO UPDATE SET rebuilds = rebuilds + 1",
            (int(at) // HOUR_S, root, is_done, slot(elapsed_s * 1e6)),
        )

    def rebuilds(self, since: float) -> Counter[Rebuild]:
        """Return how often each kind of rebuild ended in the hours from *since* on."""
        rows = self.connection.execute(
            "SELECT * FROM paid WHERE hour >= ?", (int(since) // HOUR_S,)
        )
        return Counter({Rebuild(*like): rebuilds for *like, rebuilds in rows})

    def source(self) -> str:
        """Return the random name of this store; one that begins anew has another."""
        (name,) = self.connection.execute("SELECT name FROM source").fetchone()
        return str(name)

    def prune(self, before: float) -> None:
        """Delete the counts of the hours before *before*, seconds since the epoch."""
        hour = int(before) // HOUR_S
        CallRow.delete().where(CallRow.hour < hour).execute()
        PaidRow.delete().where(PaidRow.hour < hour).execute()


@contextmanager
def opened(home: str) -> Iterator[Metrics]:
    """Open the metrics of *home*; a damaged file is set aside, for counts are not worth a stop.

    Raises:
        StoreDamaged: Damage deep inside was met; the next one to come begins anew.
        StoreError: They cannot be read or written now.
    """
    try:
        metrics = Metrics(home)
    except StoreDamaged:
        _set_aside(paths.metrics_file(home))
        metrics = Metrics(home)
    try:
        with metrics:
            yield metrics
    except StoreDamaged:
        _set_aside(metrics.file)
        raise


def note_rebuild(home: str, root: str, elapsed_s: float, *, is_done: bool) -> None:
    """Count one rebuild; one that cannot be counted is not worth a failure."""
    with suppress(StoreError), opened(home) as metrics:
        metrics.rebuilt(root, elapsed_s, is_done=is_done, at=time.time())


def _set_aside(file: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(file + suffix, f"{file}.damaged{suffix}")
