"""Paying the debts of one checkout: claim, read, build, publish, until nothing is owed.

Few debts are paid in place; where they change much, in a copy that is swapped in. Many, and a
first build, are paid by assembling a new memory beside the old one and swapping it in: readers
keep the old one until the new one is whole, and no write lock is held for long.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rtkq import failpoints
from rtkq.records import Project, Stage
from rtkq.schema.memory import FileRow
from rtkq.store import Registry, lease, memories
from rtkq.store.memory import Memory
from rtkq_workers.checkout import scan, worktree
from rtkq_workers.rebuild import in_bulk, in_place, seed
from rtkq_workers.rebuild.claim import Claim, Progress
from rtkq_workers.rebuild.lane import Lane

__all__ = ["Progress", "rebuild"]

#: What reads more files than this is a large rebuild: it takes a second and more.
_LARGE = 50
#: A sign of life of the holder of a lease, well before it is believed frozen; in seconds.
_RENEW_S = 10.0


def rebuild(
    home: str,
    root: str,
    *,
    progress: Progress = lambda _done, _total: None,
    turn_s: float = math.inf,
    lane: Lane | None = None,
) -> bool:
    """Pay everything owed to the checkout at *root*.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered checkout.
        progress: Told (files done, files in all) from time to time.
        turn_s: After so long no further debts are begun; what came meanwhile stays owed.
        lane: Where large rebuilds wait for each other; without one they do not.

    Returns:
        False when another process holds the lease: it goes on until nothing is owed.

    Raises:
        LeaseLost: This process was frozen for so long that another one took over.
        Occupied: A large rebuild is owed, and others go on.
        StoreFull: There is no room; what was published before is still served.
        FileNotFoundError: The checkout is gone from the disk.
    """
    held = lease.claim(home, root)
    if held is None:
        return False
    lane = lane or Lane(home, 0)
    try:
        failpoints.reach("rebuild.after_claim")
        worktree.note(home, root)
        place = scan.identity(root)
        with _renewed(held, lane):
            ends = time.monotonic() + turn_s
            claim = Claim(home, root, held, progress, place, lane)
            while _pay(claim.now()):
                if time.monotonic() >= ends:
                    break
    finally:
        lane.leave()
        held.release()
    return True


@contextmanager
def _renewed(held: lease.Lease, lane: Lane) -> Iterator[None]:
    """Renew both all the while, by a thread: a frozen process freezes its threads as well."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(_RENEW_S):
            held.renew()
            lane.renew()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _pay(claim: Claim) -> bool:
    """Pay what is owed now; return whether there was anything to pay."""
    with Registry(claim.home) as registry:
        project = registry.find(claim.root)
    with memories.opened(claim.home, claim.root) as memory:
        meta, debts = memory.meta(), memory.debts()
        is_whole = (meta.stage, meta.recipe) == (Stage.COMPLETE, claim.recipe) and not meta.full_seq
        if is_whole and not debts:
            _settle(claim, project)
            return False
        if meta.stage == Stage.EMPTY and _begin(claim, memory, debts, meta.full_seq):
            return True
        is_small = is_whole and len(debts) <= in_place.MOST_DEBTS
        if _is_large(debts, is_small=is_small):
            claim.lane.take()
        if not (is_small and in_place.amend(claim, memory, debts)):
            in_bulk.assemble(claim, memory, debts, meta.full_seq)
    return True


def _begin(claim: Claim, memory: Memory, debts: Mapping[str, int], full_seq: int) -> bool:
    """Publish a beginning, better than nothing; return False where the whole is as soon there."""
    is_planted = not full_seq and seed.plant(claim, memory, debts)
    return is_planted or in_bulk.show_paths(claim, memory)


def _is_large(debts: Mapping[str, int], *, is_small: bool) -> bool:
    files = len(debts) if is_small else max(len(debts), FileRow.select().count())
    return files > _LARGE


def _settle(claim: Claim, project: Project | None) -> None:
    # With the owed_seq read before the debts were: a mark that came later stays owed.
    failpoints.reach("rebuild.before_settle")
    if project is not None:
        with Registry(claim.home) as registry:
            registry.settle(claim.root, project.owed_seq)
