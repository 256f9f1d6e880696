"""Paying many debts, and a first build: a new memory beside the old one, swapped in when whole.

Readers keep the old one until then, and no write lock is held for long.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from rtkq import git, words
from rtkq.build.assemble import Assembly
from rtkq.build.source import Source
from rtkq.extract.facts import Facts
from rtkq.extract.languages import TEXT
from rtkq.records import Stage, Stamp
from rtkq.schema.memory import FileRow
from rtkq.store import memories, swap, touch_verified
from rtkq.store.memory import Memory
from rtkq_workers.checkout import scan
from rtkq_workers.rebuild import reading
from rtkq_workers.rebuild.claim import Claim
from rtkq_workers.rebuild.reading import Known

#: A first build of so many files shows its paths before their content.
_STAGED_FROM = 400


def show_paths(claim: Claim, memory: Memory) -> bool:
    """Publish the first stage: files can be found by their names, content comes later.

    Returns:
        False for a project so small that the whole build is there as soon.
    """
    empty = Facts(TEXT, "", 0)
    paths = sorted(scan.survey(claim.root).items())
    if len(paths) < _STAGED_FROM:
        return False
    sources = [Source(path, stamp, False, b"", TEXT, empty) for path, stamp in paths]
    _swap_in(claim, memory, [sources], paid={}, full_seq=0, stage=Stage.PATHS)
    return True


def assemble(claim: Claim, memory: Memory, paid: Mapping[str, int], full_seq: int) -> None:
    """Build a new memory of everything on the disk and swap it in."""
    began_at = time.time()
    paths = sorted(scan.survey(claim.root))
    known = {} if full_seq else _unchanged(memory)
    batches = reading.sources(
        claim.home,
        claim.root,
        paths,
        own=claim.wishes.extract.languages,
        known=known,
        is_fresh=bool(full_seq),
    )
    told = _telling(claim, batches, len(paths))
    _swap_in(claim, memory, told, paid=paid, full_seq=full_seq, stage=Stage.COMPLETE)
    touch_verified(claim.home, claim.root, began_at)


def _telling(claim: Claim, batches: Iterable[list[Source]], total: int) -> Iterator[list[Source]]:
    for number, batch in enumerate(batches, 1):
        yield batch
        claim.tell(min(number * reading.BATCH, total), total)


def _swap_in(
    claim: Claim,
    memory: Memory,
    batches: Iterable[list[Source]],
    *,
    paid: Mapping[str, int],
    full_seq: int,
    stage: Stage,
) -> None:
    # Before reading the files: a commit made meanwhile is noticed as a change of HEAD later.
    head = git.tip(claim.root)
    folder = memories.new_folder(claim.home, claim.root)
    with swap.beside(folder) as building, _no_garbage_collection():
        assembly = Assembly(building, claim.history(head))
        for batch in batches:
            for source in batch:
                assembly.add(source)
        assembly.finish()
    if stage == Stage.COMPLETE:
        words.forget()
    claim.supersede(memory, folder, paid=paid, full_seq=full_seq, stage=stage, git_head=head)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    # Millions of live objects and hardly a cycle: looking for garbage took a tenth of a build.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _unchanged(memory: Memory) -> dict[str, Known]:
    if memory.meta().stage != Stage.COMPLETE:
        return {}
    return {
        row.path: Known(Stamp(row.size, row.mtime_ns, row.ctime_ns, row.inode), bytes(row.content))
        for row in FileRow.select().where(FileRow.is_verified)
    }
