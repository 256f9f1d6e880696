"""A memory that stays open answers like one that was opened just now."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq import paths, recall, store
from rtkq.serve.memories import Memories
from rtkq_workers.rebuild import rebuild
from tests.conftest import Checkout


@pytest.fixture
def memories() -> Iterator[Memories]:
    """Memories kept open, two at most."""
    kept = Memories(most=2)
    yield kept
    kept.close()


def ask(memories: Memories, home: str, root: str) -> recall.Context | None:
    """Ask as a hook does: open, ask, give back."""
    memory = memories.open(home, root)
    if memory is None:
        return None
    try:
        return recall.context(memory, "refresh the session", budget_tokens=2000)
    finally:
        memory.close()


def open_databases() -> list[str]:
    """Return the memories that this process has open, a name for each descriptor."""
    links = [os.path.join("/proc/self/fd", one) for one in os.listdir("/proc/self/fd")]
    named = [os.readlink(link) for link in links if os.path.lexists(link)]
    return [name for name in named if "memory.db" in name]


def test_what_is_published_later_is_seen(memories: Memories, home: str, project: Checkout) -> None:
    """The next generation, and that a change is owed."""
    before = ask(memories, home, project.root)
    project.write("src/session.py", "class SessionStore:\n    def refresh_all(self): ...\n")
    store.mark(home, project.root, ["src/session.py"])
    owed = ask(memories, home, project.root)
    rebuild(home, project.root)
    after = ask(memories, home, project.root)

    assert before
    assert owed
    assert after
    assert (before.state, owed.state) == ("fresh", "dirty")
    assert after.generation > before.generation
    assert "refresh_all" in after.text


def test_memory_that_was_swapped_is_left(memories: Memories, home: str, project: Checkout) -> None:
    """A build from nothing makes a new folder; the old one is not held."""
    before = ask(memories, home, project.root)
    folder = os.path.realpath(paths.memory_link(home, project.root))
    store.mark(home, project.root, [], is_full=True)
    rebuild(home, project.root)
    after = ask(memories, home, project.root)

    assert before
    assert after
    assert after.generation > before.generation
    assert os.path.realpath(paths.memory_link(home, project.root)) != folder
    assert not [name for name in open_databases() if name.startswith(f"{folder}/")]


def test_memory_that_is_gone_or_foreign_is_not_served(
    memories: Memories, home: str, project: Checkout
) -> None:
    """Of a version that is not ours, and none at all."""
    file = Path(paths.memory_file(home, project.root))
    assert ask(memories, home, project.root)
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version = 999")
    other.close()
    foreign = ask(memories, home, project.root)
    file.unlink()

    assert foreign is None
    assert ask(memories, home, project.root) is None
    assert open_databases() == []


def test_only_so_many_stay_open(memories: Memories, home: str, tmp_path: Path) -> None:
    """The one asked longest ago is closed, so descriptors are bounded."""
    checkouts = [Checkout(tmp_path / name) for name in ("one", "two", "three")]
    for one in checkouts:
        one.write("session.py", "def refresh_session(): ...\n")
        one.commit("start")
        store.register(home, one.root)
        rebuild(home, one.root)
        assert ask(memories, home, one.root)

    held = {os.path.realpath(name.removesuffix("-wal").removesuffix("-shm"))
            for name in open_databases()}  # fmt: skip
    current = [os.path.realpath(paths.memory_file(home, one.root)) for one in checkouts]
    assert held == set(current[1:])


def test_nothing_is_locked_between_two_questions(
    memories: Memories, home: str, project: Checkout
) -> None:
    """A writer can put its log away, which a reader within a transaction would hinder."""
    ask(memories, home, project.root)
    with sqlite3.connect(paths.memory_file(home, project.root)) as writer:
        writer.execute("UPDATE meta SET generation = generation + 1")
    (is_busy, *_) = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    writer.close()

    assert not is_busy
