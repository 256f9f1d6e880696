"""Paying the debts of one checkout: claim, read, build, publish, until nothing is owed.

Few debts are paid in place; where they change much, in a copy that is swapped in. Many, and a
first build, are paid by assembling a new memory beside the old one and swapping it in: readers
keep the old one until the new one is whole, and no write lock is held for long.
"""

from __future__ import annotations

import gc
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from rtkq import failpoints, git, repository, words
from rtkq.build.amend import Amendment, Change, Past, prepare
from rtkq.build.assemble import Assembly
from rtkq.build.history import History
from rtkq.build.source import Source
from rtkq.extract.facts import Facts
from rtkq.extract.languages import TEXT
from rtkq.records import Project, Stage, Stamp
from rtkq.schema import FileRow
from rtkq.store import Registry, copy, lease, touch_verified
from rtkq.store import memory as memories
from rtkq.store.memory import Memory
from rtkq_workers import past, reading, seed, worktree
from rtkq_workers.lane import Lane
from rtkq_workers.reading import Known
from rtkq_workers.recipe import recipe_of
from rtkq_workers.watch import scan

#: More debts than this are paid by assembling anew, which is as soon done.
MOST_IN_PLACE = 300
#: More posting lists than this are changed in a copy: in place they would hold the write lock for
#: longer than 200 ms (measured: 9,400 lists of a memory of 3,000 files in 205 ms).
MOST_LISTS_IN_PLACE = 8_000
#: What reads more files than this is a large rebuild: it takes a second and more.
_LARGE = 50
#: A first build of so many files shows its paths before their content.
_STAGED_FROM = 400
#: A sign of life of the holder of a lease, well before it is believed frozen; in seconds.
_RENEW_S = 10.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same while one claim works on one checkout."""

    home: str
    root: str
    lease: lease.Lease
    progress: Progress
    #: What tells the folder at the root from another one.
    place: tuple[int, int] | None
    #: What the repository asks for at this moment.
    wishes: repository.Wishes
    #: Where large rebuilds wait for each other.
    lane: Lane
    #: When it was looked what is owed, in milliseconds since the epoch.
    looked_at_ms: int = 0
    #: The past as it was read last, by its tip: both stages of a first build need it.
    _histories: dict[str, History] = field(default_factory=dict)

    def now(self) -> _Run:
        """Return the same as things stand at this moment."""
        wishes = repository.believed(self.root)
        return replace(self, wishes=wishes, looked_at_ms=memories.now_ms())

    @property
    def recipe(self) -> str:
        """What a memory is computed by now."""
        return recipe_of(self.wishes)

    def history(self, head: str) -> History:
        """Return the commits that count where *head* is the tip."""
        if head not in self._histories:
            self._histories.clear()
            self._histories[head] = past.read(self.home, self.root, head)
        return self._histories[head]

    def check_place(self) -> None:
        """Raise FileNotFoundError unless the folder at the root is the one the work began in.

        One that went away, or whose file system did, looks as if every file had been deleted.
        """
        if self.place is None or scan.identity(self.root) != self.place:
            raise FileNotFoundError(f"{self.root} went away while it was read")

    def tell(self, done: int, total: int) -> None:
        """Tell how far the work is, in files."""
        self.progress(done, total)


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
    claimed = lease.claim(home, root)
    if claimed is None:
        return False
    lane = lane or Lane(home, 0)
    try:
        failpoints.reach("rebuild.after_claim")
        worktree.note(home, root)
        place = scan.identity(root)
        with _renewed(claimed, lane):
            ends = time.monotonic() + turn_s
            run = _Run(home, root, claimed, progress, place, repository.Wishes(), lane)
            while _pay(run.now()):
                if time.monotonic() >= ends:
                    break
    finally:
        lane.leave()
        claimed.release()
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


def _pay(run: _Run) -> bool:
    """Pay what is owed now; return whether there was anything to pay."""
    with Registry(run.home) as registry:
        project = registry.find(run.root)
    with memories.opened(run.home, run.root) as memory:
        meta = memory.meta()
        debts = memory.debts()
        is_whole = meta.stage == Stage.COMPLETE and meta.recipe == run.recipe and not meta.full_seq
        if is_whole and not debts:
            _settle(run, project)
            return False
        if meta.stage == Stage.EMPTY and _begin(run, memory, debts, meta.full_seq):
            return True
        if _is_large(debts, is_whole=is_whole):
            run.lane.take()
        if not (is_whole and len(debts) <= MOST_IN_PLACE and _amend(run, memory, debts)):
            _assemble(run, memory, debts, meta.full_seq)
    return True


def _is_large(debts: Mapping[str, int], *, is_whole: bool) -> bool:
    is_in_place = is_whole and len(debts) <= MOST_IN_PLACE
    files = len(debts) if is_in_place else max(len(debts), FileRow.select().count())
    return files > _LARGE


def _settle(run: _Run, project: Project | None) -> None:
    # With the owed_seq read before the debts were: a mark that came later stays owed.
    failpoints.reach("rebuild.before_settle")
    if project is not None:
        with Registry(run.home) as registry:
            registry.settle(run.root, project.owed_seq)


# -- in place ----------------------------------------------------------------------------


def _amend(run: _Run, memory: Memory, debts: Mapping[str, int]) -> bool:
    """Pay *debts* in place; return False where that cannot be done."""
    head = git.tip(run.root)
    rows = {row.path: row for row in FileRow.select().where(FileRow.path.in_(list(debts)))}
    before = _as_indexed(run.home, rows)
    if before is None:
        return False
    paths = sorted(scan.belonging(run.root, sorted(debts)))
    batches = reading.sources(run.home, run.root, paths, own=run.wishes.extract.languages)
    after = {source.path: source for batch in batches for source in batch}
    appeared = _searched(before) ^ _searched(after)
    has_moved = head != memory.meta().git_head
    told = Past()
    if has_moved or appeared:
        followed = past.follow(run.home, run.root, memory, head=head, appeared=appeared)
        if followed is None:
            return False
        told = followed
    heated = _with_heat(after, rows, told, appeared)
    verified, changes = _changes(memory, rows, before, heated, debts)
    changed = {change.after.path for change in changes if change.after}
    told = replace(told, retold={p: n for p, n in told.retold.items() if p not in changed})
    amendment = prepare(memory, changes, told)
    if amendment is None:
        return False
    run.tell(len(debts), len(debts))
    run.check_place()
    failpoints.reach("rebuild.before_publish")
    if amendment.lists > MOST_LISTS_IN_PLACE:
        _publish_copy(run, memory, amendment, verified, debts, head)
    else:
        _publish(run, memory, amendment if changes or has_moved else None, verified, debts, head)
    return True


def _searched(sources: Mapping[str, Source]) -> set[str]:
    """Return the paths of which the index holds more than the name."""
    return {path for path, source in sources.items() if source.language}


def _with_heat(
    after: Mapping[str, Source], rows: Mapping[str, FileRow], told: Past, appeared: Set[str]
) -> dict[str, Source]:
    def heat(source: Source) -> int:
        if not source.language:
            return 0
        is_told = source.path in appeared or source.path in told.retold
        return told.after.heat(source.path) if is_told else rows[source.path].heat

    return {path: replace(source, heat=heat(source)) for path, source in after.items()}


def _publish(
    run: _Run,
    memory: Memory,
    amendment: Amendment | None,
    verified: Mapping[str, Stamp],
    debts: Mapping[str, int],
    head: str,
) -> None:
    """Write what was computed and clear the debts, in one transaction."""
    fence = run.lease.fence
    publishing = (
        memory.publishing(fence, at_ms=memories.now_ms(), git_head=head)
        if amendment
        else memory.confirming(fence)
    )
    with publishing:
        if amendment:
            amendment.write(memory)
        memory.verify(verified)
        memory.clear_debts(debts, read_at_ms=run.looked_at_ms)
        failpoints.reach("rebuild.before_commit")
    failpoints.reach("rebuild.after_commit")
    memory.checkpoint()


def _publish_copy(
    run: _Run,
    memory: Memory,
    amendment: Amendment,
    verified: Mapping[str, Stamp],
    debts: Mapping[str, int],
    head: str,
) -> None:
    """Write what was computed into a copy of *memory*, and swap it in; debts are carried over."""
    folder = memories.new_folder(run.home, run.root)
    copy.copy_open(memory, folder)
    with memories.beside(folder) as amended:
        copy.strip(amended)
        amendment.write(amended)
        amended.verify(verified)
    _supersede(run, memory, folder, paid=debts, full_seq=0, stage=Stage.COMPLETE, git_head=head)


def _as_indexed(home: str, rows: Mapping[str, FileRow]) -> dict[str, Source] | None:
    """Return the files as they stand in the index, or None where their facts are gone."""
    entries = [(path, bytes(row.content), row.language) for path, row in rows.items()]
    facts = reading.facts_of(home, entries)
    if facts is None:
        return None
    return {
        path: Source(
            path,
            Stamp(row.size, row.mtime_ns, row.ctime_ns, row.inode),
            row.is_verified,
            bytes(row.content),
            row.language,
            facts.get(path) or Facts(row.language, row.skipped, row.lines),
            row.heat,
        )
        for path, row in rows.items()
    }


def _changes(
    memory: Memory,
    rows: Mapping[str, FileRow],
    before: Mapping[str, Source],
    after: Mapping[str, Source],
    debts: Mapping[str, int],
) -> tuple[dict[str, Stamp], list[Change]]:
    """Return the files whose content is the same after all, and the real changes."""
    verified: dict[str, Stamp] = {}
    changes = []
    newest = int(memory.connection.execute("SELECT coalesce(max(id), 0) FROM file").fetchone()[0])
    for path in sorted(debts):
        was, now = before.get(path), after.get(path)
        if was is None and now is None:
            continue
        if was is not None and now is not None and _is_same(was, now):
            verified[path] = now.stamp
            continue
        if was is None:
            newest += 1
        changes.append(Change(rows[path].id if was else newest, was, now))
    return verified, changes


def _is_same(was: Source, now: Source) -> bool:
    is_read = bool(was.content) or was.stamp.size == now.stamp.size
    return (
        is_read and now.is_verified and (was.content, was.language) == (now.content, now.language)
    )


# -- the first time ----------------------------------------------------------------------


def _begin(run: _Run, memory: Memory, debts: Mapping[str, int], full_seq: int) -> bool:
    """Publish a beginning, better than nothing; return False where the whole is as soon there."""
    return (not full_seq and _plant(run, memory, debts)) or _show_paths(run, memory)


def _plant(run: _Run, memory: Memory, debts: Mapping[str, int]) -> bool:
    """Publish what another worktree's memory has right for this one; the rest stays owed."""
    began_at = time.time()
    found = seed.from_sibling(run.home, run.root, run.wishes)
    if found is None:
        return False
    run.tell(found.files, found.files + len(found.owed))
    _supersede(
        run,
        memory,
        found.folder,
        paid=debts,
        full_seq=0,
        owed=found.owed,
        stage=Stage.COMPLETE,
        git_head=found.git_head,
    )
    touch_verified(run.home, run.root, began_at)
    return True


# -- in bulk -----------------------------------------------------------------------------


def _show_paths(run: _Run, memory: Memory) -> bool:
    """Publish the first stage: files can be found by their names, content comes later.

    Returns:
        False for a project so small that the whole build is there as soon.
    """
    empty = Facts(TEXT, "", 0)
    paths = sorted(scan.survey(run.root).items())
    if len(paths) < _STAGED_FROM:
        return False
    sources = [Source(path, stamp, False, b"", TEXT, empty) for path, stamp in paths]
    _swap_in(run, memory, [sources], paid={}, full_seq=0, stage=Stage.PATHS)
    return True


def _assemble(run: _Run, memory: Memory, paid: Mapping[str, int], full_seq: int) -> None:
    """Build a new memory of everything on the disk and swap it in."""
    began_at = time.time()
    paths = sorted(scan.survey(run.root))
    known = {} if full_seq else _unchanged(memory)
    batches = reading.sources(
        run.home,
        run.root,
        paths,
        own=run.wishes.extract.languages,
        known=known,
        is_fresh=bool(full_seq),
    )
    told = _telling(run, batches, len(paths))
    _swap_in(run, memory, told, paid=paid, full_seq=full_seq, stage=Stage.COMPLETE)
    touch_verified(run.home, run.root, began_at)


def _telling(run: _Run, batches: Iterable[list[Source]], total: int) -> Iterator[list[Source]]:
    for number, batch in enumerate(batches, 1):
        yield batch
        run.tell(min(number * reading.BATCH, total), total)


def _swap_in(
    run: _Run,
    memory: Memory,
    batches: Iterable[list[Source]],
    *,
    paid: Mapping[str, int],
    full_seq: int,
    stage: Stage,
) -> None:
    # Before reading the files: a commit made meanwhile is noticed as a change of HEAD later.
    head = git.tip(run.root)
    folder = memories.new_folder(run.home, run.root)
    with memories.beside(folder) as building, _no_garbage_collection():
        assembly = Assembly(building, run.history(head))
        for batch in batches:
            for source in batch:
                assembly.add(source)
        assembly.finish()
    if stage == Stage.COMPLETE:
        words.forget()
    _supersede(run, memory, folder, paid=paid, full_seq=full_seq, stage=stage, git_head=head)


def _supersede(run: _Run, memory: Memory, folder: str, **description: Any) -> None:
    run.check_place()
    failpoints.reach("rebuild.before_swap")
    fence = run.lease.fence
    memories.supersede(
        run.home,
        memory,
        folder,
        fence=fence,
        read_at_ms=run.looked_at_ms,
        recipe=run.recipe,
        most_tokens=run.wishes.hook.budget_tokens,
        **description,
    )


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
