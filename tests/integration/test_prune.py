"""What is finished, old or nobody's goes; what somebody may want again stays."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq import paths, store
from rtkq.config import PruneSettings, Settings
from rtkq.store import facts, memories
from rtkq_workers import barrier
from rtkq_workers.chores import prune, unused
from tests.conftest import Checkout

DAY_S = 86400


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def settings_of(home: str, **values: Any) -> Settings:
    return Settings(home=home, prune=PruneSettings(**values))


def roots(home: str) -> list[str]:
    with store.Registry(home) as registry:
        return [project.root for project in registry.projects()]


def folders(home: str) -> set[str]:
    return set(os.listdir(f"{home}/checkouts"))


def backdate(path: str, seconds: float) -> None:
    """Let *path* and everything in it look as old as that."""
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)
    for place, below, names in os.walk(path):
        for name in (*below, *names):
            os.utime(f"{place}/{name}", (then, then), follow_symlinks=False)


@pytest.fixture
def twin(home: str, checkout: Checkout) -> str:
    """A worktree with a memory, as agents make and remove them."""
    root = f"{checkout.root}/.claude/worktrees/twin"
    checkout.git("worktree", "add", "-q", "-b", "twin", root)
    refresh(home, checkout.root)
    refresh(home, root)
    return root


def test_removed_worktree_leaves_nothing(home: str, checkout: Checkout, twin: str) -> None:
    """Neither a row nor a folder; the checkout it belonged to stays."""
    checkout.git("worktree", "remove", "--force", twin)

    prune.prune(settings_of(home))

    assert roots(home) == [checkout.root]
    assert folders(home) == {paths.key(checkout.root)}


def test_moved_worktree_leaves_nothing_at_its_old_place(
    home: str, checkout: Checkout, twin: str
) -> None:
    """Git knows it still, but elsewhere."""
    checkout.git("worktree", "move", twin, f"{twin}-moved")

    prune.prune(settings_of(home))

    assert roots(home) == [checkout.root]


def test_worktree_deleted_by_hand_is_forgotten_after_an_hour(
    home: str, checkout: Checkout, twin: str
) -> None:
    """Git believes in it still, so it might come back within the hour."""
    shutil.rmtree(twin)

    prune.prune(settings_of(home))
    assert twin in roots(home)

    backdate(f"{paths.checkout(home, twin)}/missing", 2 * 3600)
    prune.prune(settings_of(home))
    assert roots(home) == [checkout.root]


def test_project_that_is_out_of_sight_waits(home: str, checkout: Checkout, twin: str) -> None:
    """A disk that is away takes worktrees and their repository along, and may be back tomorrow."""
    os.rename(checkout.root, f"{checkout.root}.away")

    prune.prune(settings_of(home))
    assert roots(home) == [checkout.root, twin]

    backdate(f"{paths.checkout(home, checkout.root)}/missing", 31 * DAY_S)
    prune.prune(settings_of(home))
    assert roots(home) == [twin]


def test_project_that_came_back_is_not_missing_since_then(home: str, checkout: Checkout) -> None:
    """Only an absence without a break counts."""
    refresh(home, checkout.root)
    os.rename(checkout.root, f"{checkout.root}.away")
    prune.prune(settings_of(home))
    backdate(f"{paths.checkout(home, checkout.root)}/missing", 31 * DAY_S)
    os.rename(f"{checkout.root}.away", checkout.root)

    prune.prune(settings_of(home))
    os.rename(checkout.root, f"{checkout.root}.away")
    prune.prune(settings_of(home))

    assert roots(home) == [checkout.root]


def test_project_no_agent_used_for_long_is_forgotten(home: str, checkout: Checkout) -> None:
    """One that agents never worked in was wished for by hand, and stays."""
    refresh(home, checkout.root)
    prune.prune(settings_of(home))
    assert roots(home) == [checkout.root]

    with store.Registry(home) as registry:
        registry.used(checkout.root, time.time() - 91 * DAY_S)
    prune.prune(settings_of(home))

    assert roots(home) == []


def test_folders_and_memories_nobody_refers_to_are_deleted(home: str, checkout: Checkout) -> None:
    """Of a checkout nobody registered, of a swap before the last, of damage long past."""
    refresh(home, checkout.root)
    kept = paths.checkout(home, checkout.root)
    current = os.path.basename(os.path.realpath(f"{kept}/memory"))
    old = [f"{home}/checkouts/gone-0123", f"{kept}/memory.dead", f"{kept}/damaged"]
    for folder in old:
        Path(folder).mkdir()
        Path(folder, "memory.db").write_bytes(b"old")
    prune.prune(settings_of(home))
    assert all(map(os.path.exists, old))

    for folder in old:
        backdate(folder, 15 * DAY_S)
    backdate(f"{kept}/{current}", 15 * DAY_S)
    prune.prune(settings_of(home))

    assert not any(map(os.path.exists, old))
    assert os.path.exists(paths.memory_file(home, checkout.root))


def test_subagents_that_started_long_ago_are_forgotten(home: str) -> None:
    """A week is longer than one is left lying before it goes on."""
    for name, days in (("old", 8), ("young", 6)):
        file = Path(paths.started_folder(home), name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        backdate(str(file), days * DAY_S)

    prune.prune(settings_of(home))

    assert os.listdir(paths.started_folder(home)) == ["young"]


def test_markers_and_receipts_go_when_they_are_old(home: str) -> None:
    """A marker after minutes, a receipt after days; those of now are somebody's."""
    old, young = f"{home}/run/spawns/s1/p1/plan.1", f"{home}/run/spawns/s2/p1/plan.2"
    receipts = f"{home}/receipts/20200101T0000.log", f"{home}/receipts/20990101T0000.log"
    for file in (old, young, *receipts):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
    backdate(f"{home}/run/spawns/s1", 2 * DAY_S)
    backdate(receipts[0], 15 * DAY_S)

    # Deleting a marker makes its folder young, and deleting that one the folder above.
    for _ in range(3):
        prune.prune(settings_of(home))
        for folder in Path(home, "run/spawns").glob("s1/**"):
            backdate(str(folder), 2 * DAY_S)

    assert os.listdir(f"{home}/run/spawns") == ["s2"]
    assert os.path.exists(young)
    assert os.listdir(f"{home}/receipts") == ["20990101T0000.log"]


def count_facts(home: str) -> int:
    total = 0
    for file in Path(home, "facts").glob("*.db"):
        connection = sqlite3.connect(file)
        total += connection.execute("SELECT count(*) FROM fact").fetchone()[0]
        connection.close()
    return total


def forget_facts(home: str, at: float) -> None:
    for shard in range(facts.SHARDS):
        prune.forget_facts(home, shard, 30, at)


def test_old_facts_are_deleted_unless_a_memory_uses_them(
    home: str, checkout: Checkout, rows_of: Callable[[str], Any]
) -> None:
    """What the files were before goes; what they are, and the commits that count, stays."""
    refresh(home, checkout.root)
    used = count_facts(home)
    for number in range(5):
        checkout.write("src/cache.py", f"def evict_{number}():\n    pass\n")
        refresh(home, checkout.root)
    grown = count_facts(home)

    forget_facts(home, time.time())
    assert count_facts(home) == grown

    forget_facts(home, time.time() + 31 * DAY_S)
    assert grown == used + 5
    assert count_facts(home) == used
    checkout.write("src/cache.py", "def evict():\n    pass\n")
    with memories.opened(home, checkout.root) as memory:
        before = os.path.basename(memory.folder)
    refresh(home, checkout.root)
    with memories.opened(home, checkout.root) as memory:
        assert os.path.basename(memory.folder) == before, "paid in place, so no fact was missing"


def test_home_is_kept_within_its_quota(home: str, tmp_path: Path) -> None:
    """Those used longest ago go first; one that an agent works in now never does."""
    made = [Checkout(tmp_path / name) for name in ("first", "second", "third")]
    for number, one in enumerate(made):
        for file in range(30):
            one.write(f"part{file}.py", f"def part_{number}_{file}(): pass\n" * 20)
        refresh(home, one.root)
        with store.Registry(home) as registry:
            registry.used(one.root, time.time() - (2 - number) * 2 * DAY_S)
    enough_mb = unused.size(home) // 1_000_000 + 1

    prune.prune(settings_of(home, most_mb=enough_mb))
    assert roots(home) == sorted(one.root for one in made)

    prune.prune(settings_of(home, most_mb=0))
    assert roots(home) == [made[2].root]
    assert os.path.exists(paths.memory_file(home, made[2].root))


def test_chore_that_fails_keeps_no_other_from_its_work(
    home: str, checkout: Checkout, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be read is met again at the next run."""
    Path(home, "receipts").write_text("no folder\n")
    checkout.git("worktree", "remove", "--force", twin)

    prune.prune(settings_of(home))

    assert roots(home) == [checkout.root]
