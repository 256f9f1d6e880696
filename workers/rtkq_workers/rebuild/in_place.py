"""Paying few debts: the rows of the files that changed, in place or in a copy of the memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from rtkq import failpoints, git
from rtkq.build.amend import Amendment, Change, Past, prepare
from rtkq.build.source import Source
from rtkq.extract.facts import Facts
from rtkq.records import Stage, Stamp
from rtkq.schema.memory import FileRow
from rtkq.store import copy, memories, swap
from rtkq.store.memory import Memory
from rtkq_workers.checkout import scan
from rtkq_workers.rebuild import past, reading
from rtkq_workers.rebuild.claim import Claim

#: More debts than this are paid by assembling anew, which is as soon done.
MOST_DEBTS = 300
#: More posting lists than this are changed in a copy: in place they would hold the write lock for
#: longer than 200 ms (measured: 9,400 lists of a memory of 3,000 files in 205 ms).
MOST_LISTS = 8_000


def amend(claim: Claim, memory: Memory, debts: Mapping[str, int]) -> bool:
    """Pay *debts* in place; return False where that cannot be done."""
    head = git.tip(claim.root)
    rows = {row.path: row for row in FileRow.select().where(FileRow.path.in_(list(debts)))}
    before = _as_indexed(claim.home, rows)
    if before is None:
        return False
    after = _as_on_disk(claim, debts)
    appeared = _searched(before) ^ _searched(after)
    told = _told(claim, memory, head, appeared)
    if told is None:
        return False
    after = _with_heat(after, rows, told, appeared)
    verified, changes = _changes(memory, rows, before, after, debts)
    amendment = prepare(memory, changes, _but_of(changes, told))
    if amendment is None:
        return False
    claim.tell(len(debts), len(debts))
    claim.check_place()
    failpoints.reach("rebuild.before_publish")
    if amendment.lists > MOST_LISTS:
        _publish_copy(claim, memory, amendment, verified, debts, head)
    else:
        is_seen = changes or head != memory.meta().git_head
        _publish(claim, memory, amendment if is_seen else None, verified, debts, head)
    return True


def _as_on_disk(claim: Claim, debts: Iterable[str]) -> dict[str, Source]:
    paths = sorted(scan.belonging(claim.root, sorted(debts)))
    batches = reading.sources(claim.home, claim.root, paths, own=claim.wishes.extract.languages)
    return {source.path: source for batch in batches for source in batch}


def _told(claim: Claim, memory: Memory, head: str, appeared: Set[str]) -> Past | None:
    """Return what commits tell anew, or None where that cannot be followed."""
    if head == memory.meta().git_head and not appeared:
        return Past()
    return past.follow(claim.home, claim.root, memory, head=head, appeared=appeared)


def _but_of(changes: Iterable[Change], told: Past) -> Past:
    """Return *told* without the files that are written as changed in any case."""
    changed = {change.after.path for change in changes if change.after}
    return replace(told, retold={p: n for p, n in told.retold.items() if p not in changed})


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
    claim: Claim,
    memory: Memory,
    amendment: Amendment | None,
    verified: Mapping[str, Stamp],
    debts: Mapping[str, int],
    head: str,
) -> None:
    """Write what was computed and clear the debts, in one transaction."""
    fence = claim.lease.fence
    publishing = (
        memory.publishing(fence, at_ms=memories.now_ms(), git_head=head)
        if amendment
        else memory.confirming(fence)
    )
    with publishing:
        if amendment:
            amendment.write(memory)
        memory.verify(verified)
        memory.clear_debts(debts, read_at_ms=claim.looked_at_ms)
        failpoints.reach("rebuild.before_commit")
    failpoints.reach("rebuild.after_commit")
    memory.checkpoint()


def _publish_copy(
    claim: Claim,
    memory: Memory,
    amendment: Amendment,
    verified: Mapping[str, Stamp],
    debts: Mapping[str, int],
    head: str,
) -> None:
    """Write what was computed into a copy of *memory*, and swap it in; debts are carried over."""
    folder = memories.new_folder(claim.home, claim.root)
    copy.copy_open(memory, folder)
    with swap.beside(folder) as amended:
        copy.strip(amended)
        amendment.write(amended)
        amended.verify(verified)
    claim.supersede(memory, folder, paid=debts, full_seq=0, stage=Stage.COMPLETE, git_head=head)


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
