"""A second worktree begins with the memory of its sibling, and ends with its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from rtkq import recall, store
from rtkq.records import Stage
from rtkq.repository import Wishes
from rtkq.store import memories
from rtkq_workers import barrier, rebuild
from rtkq_workers.rebuild import in_bulk, in_place, seed
from tests.conftest import Checkout

Rows = Callable[[str], dict[str, list[Any]]]


class Worktree(Checkout):
    """Another worktree of the same repository."""

    def __init__(self, main: Checkout, name: str, commit: str = "HEAD") -> None:
        folder = os.path.join(os.path.dirname(main.root), name)
        main.git("worktree", "add", "-q", "-b", name, folder, commit)
        self.root = os.path.realpath(folder)


@pytest.fixture
def main(home: str, checkout: Checkout) -> Checkout:
    """A checkout with some history and a whole memory."""
    for number in range(12):
        checkout.write(f"lib/part{number}.py", f"def part_{number}(value):\n    return value\n")
    checkout.commit("Add parts to the library")
    checkout.write("src/cache.py", "def evict(entry, limit=20):\n    return entry\n")
    checkout.commit("Cache: keep more entries")
    refresh(home, checkout.root)
    return checkout


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def stages_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that tells from now on how memories come about."""
    told: list[str] = []
    for module, name in ((seed, "plant"), (in_bulk, "assemble"), (in_place, "amend")):
        told_of = getattr(module, name)

        def follow(*arguments: Any, name: str = name, told_of: Any = told_of) -> Any:
            result = told_of(*arguments)
            told.extend([name] if result is not False else [])
            return result

        monkeypatch.setattr(module, name, follow)
    return told


def test_worktree_of_the_same_commit_is_not_built_again(
    home: str,
    main: Checkout,
    rows_of: Rows,
    rows_from_nothing: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything is compared and nothing computed, and the memory is the worktree's own."""
    twin = Worktree(main, "twin")
    told = stages_of(monkeypatch)

    refresh(home, twin.root)

    assert told == ["plant"]
    assert rows_of(twin.root) == rows_from_nothing(twin.root)
    memory = recall.open_memory(home, twin.root)
    assert memory is not None
    assert recall.context(memory, "evict a cache entry", budget_tokens=500).state == "fresh"


def edit_some(twin: Worktree) -> None:
    twin.write("src/cache.py", "def forget_all(entry):\n    return None\n")
    os.unlink(f"{twin.root}/web/login.ts")
    os.rename(f"{twin.root}/lib/part3.py", f"{twin.root}/lib/third.py")


def leave_untracked(twin: Worktree) -> None:
    twin.write("notes/plan.md", "# Plan\nEvict earlier.\n")
    twin.write("src/new.go", "package src\n\nfunc Evict(limit int) {}\n")


def ignore_otherwise(twin: Worktree) -> None:
    twin.write(".gitignore", "*.log\nscratch/\n")
    twin.write("scratch/part.py", "def scratch():\n    pass\n")
    twin.write("rtkq.toml", '[ignore]\npaths = ["lib/"]\n')
    twin.git("rm", "-q", "--cached", "lib/part1.py")


def commit_more(twin: Worktree) -> None:
    twin.write("src/session.py", "class Session:\n    def close(self):\n        pass\n")
    twin.commit("Session: close it at last")


def go_back(twin: Worktree) -> None:
    twin.git("reset", "-q", "--hard", "HEAD~1")


def replace_most(twin: Worktree) -> None:
    for number in range(in_place.MOST_DEBTS + 5):
        twin.write(f"more/file{number}.py", f"def more_{number}():\n    return {number}\n")


@pytest.mark.parametrize(
    "change",
    [edit_some, leave_untracked, ignore_otherwise, commit_more, go_back, replace_most],
)
def test_worktree_that_differs_ends_as_if_built_from_nothing(
    change: Callable[[Worktree], None],
    home: str,
    main: Checkout,
    rows_of: Rows,
    rows_from_nothing: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Edits, untracked files, other rules, another commit: the same rows as without a sibling."""
    twin = Worktree(main, "twin")
    change(twin)
    told = stages_of(monkeypatch)

    refresh(home, twin.root)

    assert told[0] == "plant"
    assert rows_of(twin.root) == rows_from_nothing(twin.root)


def test_edits_after_a_seed_are_paid_like_any_others(
    home: str, main: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """What grew from a seed is amended as what was built from nothing is."""
    twin = Worktree(main, "twin")
    refresh(home, twin.root)
    edit_some(twin)
    commit_more(twin)

    refresh(home, twin.root)

    assert rows_of(twin.root) == rows_from_nothing(twin.root)
    assert rows_of(main.root) == rows_from_nothing(main.root)


def test_sibling_that_owes_rebuilds_itself_gives_what_it_has(
    home: str, main: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Debts of the sibling stay with the sibling."""
    twin = Worktree(main, "twin")
    main.write("src/cache.py", "def evict(entry):\n    return None\n")
    store.mark(home, main.root, ["src/cache.py", "no/such/file.py"])

    refresh(home, twin.root)

    assert rows_of(twin.root) == rows_from_nothing(twin.root)


def test_seed_is_not_called_fresh_before_what_differs_is_paid(
    home: str, main: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the seed and the payment readers are told that, and which files, changed."""
    twin = Worktree(main, "twin")
    edit_some(twin)
    store.register(home, twin.root)
    waited_for = store.mark(home, twin.root, [])
    seen: list[tuple[str, bool]] = []

    def look(name: str) -> None:
        if name == "rebuild.before_publish":
            memory = recall.open_memory(home, twin.root)
            assert memory is not None
            with memories.opened(home, twin.root) as written:
                seen.append((memory.state(600), written.is_owing(waited_for)))
            memory.close()

    monkeypatch.setattr(rebuild.failpoints, "reach", look)
    rebuild.rebuild(home, twin.root)

    assert seen == [("dirty", True)]


def test_debt_marked_while_a_seed_grows_is_not_lost(
    home: str, main: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change noticed between the comparison and the swap is owed afterwards."""
    twin = Worktree(main, "twin")
    edit_some(twin)
    store.register(home, twin.root)
    store.mark(home, twin.root, ["src/cache.py"])
    left: dict[str, int] = {}

    def interfere(name: str) -> None:
        if name == "rebuild.before_swap":
            store.mark(home, twin.root, ["src/cache.py", "src/late.py"])
        if name == "rebuild.before_publish":
            with memories.opened(home, twin.root) as memory:
                left.update(memory.debts())
                assert memory.is_owing(1)

    monkeypatch.setattr(rebuild.failpoints, "reach", interfere)
    rebuild.rebuild(home, twin.root)

    assert {"src/cache.py", "src/late.py"} <= left.keys()


def scribble(home: str, root: str) -> None:
    with memories.opened(home, root) as memory:
        memory.checkpoint()
        file = memory.file
    with open(file, "r+b") as stream:
        stream.seek(4096 * 2)
        stream.write(b"Z" * (os.path.getsize(file) - 4096 * 2))


def truncate(home: str, root: str) -> None:
    with memories.opened(home, root) as memory:
        file = memory.file
    os.truncate(file, 100)


def age(home: str, root: str) -> None:
    with memories.opened(home, root) as memory:
        memory.connection.execute("UPDATE meta SET recipe = 'older'")


def halve(home: str, root: str) -> None:
    with memories.opened(home, root) as memory:
        memory.connection.execute("UPDATE meta SET stage = ?", (Stage.PATHS,))


def lose(home: str, root: str) -> None:
    shutil.rmtree(os.path.realpath(f"{memories.paths.memory_link(home, root)}"))


def unregister(home: str, root: str) -> None:
    with store.Registry(home) as registry:
        registry.remove(root)


@pytest.mark.parametrize("spoil", [scribble, truncate, age, halve, lose, unregister])
def test_sibling_without_a_sound_memory_is_no_seed(
    spoil: Callable[[str, str], None],
    home: str,
    main: Checkout,
    rows_of: Rows,
    rows_from_nothing: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Damaged, of another version, half built, gone or forgotten: the worktree builds its own."""
    twin = Worktree(main, "twin")
    spoil(home, main.root)
    told = stages_of(monkeypatch)

    refresh(home, twin.root)

    assert told == ["assemble"]
    assert rows_of(twin.root) == rows_from_nothing(twin.root)
    left = os.listdir(memories.paths.checkout(home, twin.root))
    assert len([name for name in left if name.startswith("memory.")]) == 2


def test_full_rebuild_asks_no_sibling(
    home: str, main: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants everything computed anew gets it."""
    twin = Worktree(main, "twin")
    store.register(home, twin.root)
    told = stages_of(monkeypatch)

    barrier.refresh(home, twin.root, is_full=True, progress=lambda _done, _total: None)

    assert told == ["assemble"]


def test_file_that_was_never_read_is_no_proof_of_another(
    home: str, main: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """A hash without facts, left by a file that changed while it was read, is owed again."""
    twin = Worktree(main, "twin")
    with memories.opened(home, main.root) as memory:
        memory.connection.execute("UPDATE file SET skipped = 'unread' WHERE path = 'src/cache.py'")
    store.register(home, twin.root)

    found = seed._from_sibling(home, twin.root, Wishes())

    assert found is not None
    assert found.owed == ["src/cache.py"]
