"""Rebuilding pays every debt, and in place as well as from nothing."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from rtkq import recall, store
from rtkq.build.recipe import RECIPE
from rtkq.errors import LeaseLost
from rtkq.store import lease, memories
from rtkq_workers import barrier, rebuild
from rtkq_workers.checkout import scan
from rtkq_workers.rebuild import in_bulk, in_place, pay
from rtkq_workers.rebuild.claim import Claim
from rtkq_workers.rebuild.lane import Lane
from tests.conftest import Checkout

Rows = Callable[[str], dict[str, list[Any]]]


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def claim_of(home: str, root: str, held: lease.Lease) -> Claim:
    """Return what `rebuild` works with, to stop it between two steps."""
    place = scan.identity(root)
    return Claim(home, root, held, lambda _done, _total: None, place, Lane(home, 0))


def test_first_build_makes_everything_findable(home: str, checkout: Checkout) -> None:
    """A task finds the file and the definition it is about."""
    refresh(home, checkout.root)

    memory = recall.open_memory(home, checkout.root)
    assert memory is not None
    found = recall.context(memory, "refresh the session token", budget_tokens=500)

    assert found.paths[0] == "src/session.py"
    assert "refresh" in found.text
    assert found.state == "fresh"


def test_edit_in_place_equals_building_from_nothing(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """An edited, a new, a renamed and a deleted file leave what a full build would leave."""
    refresh(home, checkout.root)
    checkout.write("src/session.py", "class SessionStore:\n    def revoke(self):\n        pass\n")
    checkout.write("src/deep/new.go", "package deep\n\nfunc Evict(limit int) {}\n")
    os.rename(f"{checkout.root}/src/cache.py", f"{checkout.root}/src/store.py")
    os.unlink(f"{checkout.root}/README.md")

    refresh(home, checkout.root)

    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


@pytest.mark.parametrize("seed", range(6))
def test_random_edits_equal_building_from_nothing(
    seed: int, home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """After each of many random bursts the memory is what a full build would give."""
    chance = random.Random(seed)
    vocabulary = ["alpha", "betaGamma", "delta_total", "refresh", "Session", "очередь", "x1"]
    names = [f"{folder}/{stem}.py" for folder in ("src", "lib", "tests") for stem in "abcdefgh"]
    for name in names:
        checkout.write(name, "def start():\n    return 1\n")
    refresh(home, checkout.root)

    for _ in range(5):
        for name in chance.sample(names, chance.randint(1, 9)):
            if chance.random() < 0.25 and os.path.exists(f"{checkout.root}/{name}"):
                os.unlink(f"{checkout.root}/{name}")
            else:
                body = " ".join(chance.choices(vocabulary, k=chance.randint(0, 60)))
                definition = f"def {chance.choice(vocabulary)}(a, b):\n    return '{body}'\n"
                checkout.write(name, definition * chance.randint(0, 4))
        refresh(home, checkout.root)

        assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_amendment_of_many_lists_is_swapped_in(
    home: str,
    checkout: Checkout,
    rows_of: Rows,
    rows_from_nothing: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Written in place it would lock others out for long; what they mark meanwhile stays owed."""
    monkeypatch.setattr(in_place, "MOST_LISTS", 5)
    for number in range(40):
        checkout.write(f"lib/part{number}.py", f"def part_{number}(value): ...\n")
    refresh(home, checkout.root)
    with memories.opened(home, checkout.root) as memory:
        before, generation = memory.folder, memory.meta().generation
    checkout.write("src/session.py", "class SessionStore:\n    def revoke(self):\n        pass\n")
    store.mark(home, checkout.root, ["src/session.py"])

    def interfere(name: str) -> None:
        if name == "rebuild.before_swap":
            monkeypatch.setattr(rebuild.failpoints, "reach", lambda _name: None)
            checkout.write("src/late.py", "def late_comer(): ...\n")
            store.mark(home, checkout.root, ["src/late.py"])
            amended.append(memories.is_current(home, checkout.root, memory))

    amended: list[bool] = []
    monkeypatch.setattr(rebuild.failpoints, "reach", interfere)
    rebuild.rebuild(home, checkout.root)

    with memories.opened(home, checkout.root) as memory:
        assert memory.folder != before
        assert memory.meta().generation == generation + 2
    assert amended == [True]
    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_touched_but_unchanged_file_publishes_nothing(home: str, checkout: Checkout) -> None:
    """A new stamp on the same bytes is verified, not published."""
    refresh(home, checkout.root)
    with memories.opened(home, checkout.root) as memory:
        before = memory.meta().generation
    os.utime(f"{checkout.root}/src/cache.py", ns=(1, 1_000_000_007))

    refresh(home, checkout.root)

    with memories.opened(home, checkout.root) as memory:
        assert memory.meta().generation == before
        assert memory.known_files()["src/cache.py"].stamp.mtime_ns == 1_000_000_007
        assert not memory.is_owing()


def test_debt_marked_while_building_outlives_the_swap(
    home: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that comes while a new memory is assembled is still owed after the swap."""
    store.register(home, checkout.root)
    store.mark(home, checkout.root, ["src/cache.py"])

    def interfere(name: str) -> None:
        if name == "rebuild.before_swap":
            store.mark(home, checkout.root, ["src/cache.py", "src/late.py"])

    monkeypatch.setattr(rebuild.failpoints, "reach", interfere)
    claimed = lease.claim(home, checkout.root)
    assert claimed is not None
    claim = claim_of(home, checkout.root, claimed)
    with memories.opened(home, checkout.root) as memory:
        in_bulk.assemble(claim, memory, memory.debts(), 0)

    with memories.opened(home, checkout.root) as memory:
        assert memory.debts().keys() == {"src/cache.py", "src/late.py"}


def test_path_marked_again_is_still_owed_to_whoever_marked_it_first(
    home: str, checkout: Checkout
) -> None:
    """A later mark of the same path does not let an earlier barrier pass; paying it does."""
    refresh(home, checkout.root)
    seq = store.mark(home, checkout.root, ["src/cache.py"])
    with memories.opened(home, checkout.root) as memory:
        read = memory.debts()
    store.mark(home, checkout.root, ["src/cache.py"])

    with memories.opened(home, checkout.root) as memory:
        assert memory.is_owing(seq)
        memory.clear_debts(read, read_at_ms=0)
        assert not memory.is_owing(seq)
        assert memory.is_owing()


@pytest.mark.parametrize("most", [300, 0], ids=["in place", "assembled"])
def test_age_of_what_is_owed_counts_from_what_was_paid_last(
    home: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A file that is written without pause is never older than the last time it was paid."""
    monkeypatch.setattr(in_place, "MOST_DEBTS", most)
    refresh(home, checkout.root)
    store.mark(home, checkout.root, ["src/cache.py"])
    with memories.opened(home, checkout.root) as memory:
        memory.connection.execute("UPDATE debt SET marked_at = 1")

    def write_again(name: str) -> None:
        if name in ("rebuild.before_publish", "rebuild.before_swap"):
            store.mark(home, checkout.root, ["src/cache.py"])

    monkeypatch.setattr(rebuild.failpoints, "reach", write_again)
    began_ms = memories.now_ms()
    rebuild.rebuild(home, checkout.root, turn_s=0.0)

    with memories.opened(home, checkout.root) as memory:
        ((marked_at_ms,),) = memory.connection.execute("SELECT marked_at FROM debt").fetchall()
    assert began_ms <= marked_at_ms


def test_worker_that_lost_its_lease_cannot_publish(home: str, checkout: Checkout) -> None:
    """What a frozen worker wants to publish after a takeover is refused."""
    refresh(home, checkout.root)
    frozen = lease.claim(home, checkout.root)
    assert frozen is not None
    takeover = lease.claim(home, checkout.root, takeover_after_s=-1)
    assert takeover is not None
    checkout.write("src/cache.py", "def other():\n    pass\n")
    store.mark(home, checkout.root, ["src/cache.py"])
    claim = claim_of(home, checkout.root, frozen)

    with pytest.raises(LeaseLost):
        rebuild._pay(claim)

    with memories.opened(home, checkout.root) as memory:
        assert memory.debts().keys() == {"src/cache.py"}


def test_damaged_memory_is_set_aside_and_rebuilt(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Noise in place of the database is kept for inspection and replaced by a new memory."""
    refresh(home, checkout.root)
    with memories.opened(home, checkout.root) as memory:
        file = memory.file
    with open(file, "wb") as stream:
        stream.write(b"noise " * 5000)
    assert recall.open_memory(home, checkout.root) is None

    refresh(home, checkout.root)

    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_damage_deep_inside_a_memory_is_healed_by_one_refresh(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Pages of noise behind a sound header show only when they are read."""
    refresh(home, checkout.root)
    with memories.opened(home, checkout.root) as memory:
        file = memory.file
    with open(file, "r+b") as stream:
        stream.seek(4096 * 2)
        stream.write(b"Z" * (os.path.getsize(file) - 4096 * 2))

    refresh(home, checkout.root)

    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_lost_facts_are_extracted_again(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Facts are expendable: without them a change is paid by assembling anew."""
    import shutil

    refresh(home, checkout.root)
    shutil.rmtree(f"{home}/facts")
    checkout.write("src/cache.py", "def other():\n    pass\n")

    refresh(home, checkout.root)

    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_history_is_followed_commit_by_commit(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Commits, a new branch, an amended commit and a rebase leave what a full build reads."""
    for number in range(60):
        checkout.write(f"lib/part{number}.py", f"def part_{number}(value):\n    return value\n")
    checkout.commit("Add parts to the library")
    refresh(home, checkout.root)
    steps: list[Callable[[], object]] = [
        lambda: checkout.commit("Evict cold cache entries first, see #12"),
        lambda: _edit_and_commit(checkout, "src/cache.py", "Cache: keep the limit of entries"),
        lambda: checkout.git("commit", "-q", "--amend", "-m", "Cache: honour the limit"),
        lambda: checkout.git("checkout", "-q", "-b", "topic", "HEAD~1"),
        lambda: _edit_and_commit(checkout, "web/login.ts", "Login opens a dialog"),
        lambda: checkout.git("rebase", "-q", "main"),
        lambda: checkout.git("checkout", "-q", "main"),
        lambda: os.unlink(f"{checkout.root}/src/cache.py"),
        lambda: checkout.git("reset", "-q", "--hard", "HEAD~2"),
    ]
    for step in steps:
        step()

        refresh(home, checkout.root)

        assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def _edit_and_commit(checkout: Checkout, path: str, message: str) -> None:
    with open(f"{checkout.root}/{path}", "a") as stream:
        stream.write("\n")
    checkout.commit(message)


def test_any_commit_message_can_be_read(
    home: str, checkout: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Control characters in a message are nobody's frame."""
    _edit_and_commit(checkout, "src/cache.py", "\x01 1 2\x02 odd\n\n\x01\x02\x03 and odder")

    refresh(home, checkout.root)

    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)
    assert [row[2] for row in rows_of(checkout.root)["history"]].count("src/cache.py") == 1


def test_memory_of_another_recipe_is_owed(home: str, checkout: Checkout) -> None:
    """After an update that computes otherwise, a memory is not believed to be up to date."""
    refresh(home, checkout.root)
    with memories.opened(home, checkout.root) as memory:
        memory.connection.execute("UPDATE meta SET recipe = 'older'")

    refresh(home, checkout.root)

    with memories.opened(home, checkout.root) as memory:
        assert memory.meta().recipe == RECIPE


def test_file_of_the_future_is_published_once(home: str, checkout: Checkout) -> None:
    """A file whose mtime lies ahead is verified like any other."""
    os.utime(f"{checkout.root}/src/cache.py", (4e9, 4e9))
    refresh(home, checkout.root)
    barrier.sync(home, checkout.root, timeout_s=30)
    with memories.opened(home, checkout.root) as memory:
        before = memory.meta().generation

    barrier.sync(home, checkout.root, timeout_s=30)

    with memories.opened(home, checkout.root) as memory:
        assert memory.meta().generation == before


def test_unexpected_failure_is_noted_and_waited_for(
    home: str, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a rebuild raises is told by the registry, and the next try waits."""
    store.register(home, checkout.root)
    store.mark(home, checkout.root, [])

    def explode(*_arguments: object, **_options: object) -> bool:
        raise ZeroDivisionError("nobody expected this")

    monkeypatch.setattr(pay, "rebuild", explode)
    pay.pay(home, checkout.root)

    with store.Registry(home) as registry:
        project = registry.find(checkout.root)
        assert project is not None
        assert project.last_error == "nobody expected this"
        assert registry.owing(time.time()) == []
