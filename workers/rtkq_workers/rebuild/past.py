"""Following git: which commits count now, and what changed since the memory was published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rtkq import git
from rtkq.build import history
from rtkq.build.amend import Past
from rtkq.build.history import Commit, History
from rtkq.store import facts as store
from rtkq.store.memory import Memory
from rtkq_workers.checkout.ignore import is_left_out

_VERSION = 3
_BATCH = 500


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    paths: list[str]


def read(home: str, root: str, head: str) -> History:
    """Return the commits that count in the checkout at *root*; none without git."""
    return History(_commits(home, root, git.commit_names(root, head, history.MOST_COMMITS)))


def follow(
    home: str, root: str, memory: Memory, *, head: str, appeared: Iterable[str]
) -> Past | None:
    """Return how the past changed for the files of *memory*.

    Args:
        home: Folder for everything rtkq stores.
        root: Real path of the checkout.
        memory: Its memory as it was published.
        head: What git calls the tip of the past to follow; empty without any.
        appeared: Paths that came into the checkout or left it: commits may tell of them.

    Returns:
        None where a commit that no longer counts is known no more: all must be read anew.
    """
    rows = _rows(memory)
    has_moved = head != memory.meta().git_head
    names = git.commit_names(root, head, history.MOST_COMMITS) if has_moved else list(rows)
    fresh = _commits(home, root, [name for name in names if name not in rows])
    gone_names = rows.keys() - set(names)
    concerned = set(appeared) | {path for name in gone_names for path in rows[name].paths}
    concerned |= {path for one in fresh.values() for path in one.paths}
    told = [name for name, row in rows.items() if not concerned.isdisjoint(row.paths)]
    known = _commits(home, root, told)
    if len(known) < len(told):
        return None
    after = {name: one for name, one in (known | fresh).items() if name not in gone_names}
    newest = max((row.number for row in rows.values()), default=0)
    telling = sorted(name for name, one in fresh.items() if one.paths)
    return Past(
        before=History(known),
        after=History(after),
        gone={rows[name].number: known[name] for name in gone_names},
        come={newest + place: (name, fresh[name]) for place, name in enumerate(telling, 1)},
        retold=_files(memory, concerned - set(appeared)),
    )


def key(name: str) -> bytes:
    """Return the key of what is stored of the commit of this *name*."""
    return store.key(bytes.fromhex(name), "commit", _VERSION)


def is_of_commit(key: bytes) -> bool:
    """Return whether *key* is that of a commit.

    Those stay where they are: git has them at hand wherever there is a checkout, for less than
    asking a server takes, and messages are for those who have the repository.
    """
    return key.rpartition(b":")[0].endswith(b"commit")


def _rows(memory: Memory) -> dict[str, _Row]:
    found = memory.connection.execute("SELECT name, id, paths FROM history")
    return {name.hex(): _Row(number, paths.split("\n")) for name, number, paths in found}


def _files(memory: Memory, paths: set[str]) -> Mapping[str, int]:
    found = memory.connection.execute("SELECT path, id FROM file WHERE language != ''")
    return {path: number for path, number in found if path in paths}


def _commits(home: str, root: str, names: list[str]) -> dict[str, Commit]:
    """Return the commits of these *names* from the facts, or from git and then into the facts."""
    keys = {name: key(name) for name in names}
    stored = store.fetch(home, keys.values())
    found: dict[str, Commit] = {}
    for name, place in keys.items():
        with suppress(KeyError, ValueError):  # not stored, or damaged: git has it
            found[name] = history.decode(stored[place])
    missing = [name for name in names if name not in found]
    for start in range(0, len(missing), _BATCH):
        read = {
            one.name: history.commit(one.at, one.message, _shown(one.paths))
            for one in git.commits(root, missing[start : start + _BATCH])
        }
        store.put(home, {keys[name]: history.encode(one) for name, one in read.items()})
        found |= read
    return found


def _shown(paths: Iterable[str]) -> list[str]:
    """Return the *paths* without those that belong to no project: secrets among them."""
    return [path for path in paths if not is_left_out(path)]
