"""The team's memory over the files of whoever asks: each file it names is looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtkq import recall
from rtkq.team.central import memory as central_memory
from rtkq.team.central.memory import CentralMemory
from rtkq.team.central.overlay import Nowhere
from rtkq.team.postgres import Postgres
from tests.conftest import Checkout
from tests.integration.team import central

TASK = "refresh the session of the cache"


@pytest.fixture
def server(database: str, home: str, checkout: Checkout) -> Iterator[Postgres]:
    """A server on which the memory of the checkout is published."""
    with Postgres(database, is_publishing=True) as made:
        central.build(home, checkout.root).close()
        central.publish(made, central.add(made), home, checkout)
        yield made


@pytest.fixture
def clone(checkout: Checkout, tmp_path: Path, server: Postgres) -> Checkout:
    """Another checkout of the repository, of somebody else."""
    made = Checkout(tmp_path / "clone")
    made.git("remote", "add", "origin", checkout.root)
    made.git("fetch", "-q", "origin")
    made.git("checkout", "-q", "-B", "main", "origin/main")
    return made


@pytest.fixture
def ask(server: Postgres, clone: Checkout) -> Callable[[], recall.Context]:
    """Return what the team's memory says for the task in the clone."""
    return lambda: recall.context(central.opened(server, clone.root), TASK, budget_tokens=2000)


def test_clone_of_the_published_commit_is_fresh(
    ask: Callable[[], recall.Context], clone: Checkout
) -> None:
    """Though its files have times of their own; and the header says whose memory it is."""
    found = ask()

    commit = clone.git("rev-parse", "HEAD").strip()
    head = found.text.splitlines()[0]
    assert found.state == "fresh"
    assert head.startswith('<rtkq-context project="clone" state="fresh" generation="1" indexed_at=')
    assert head.endswith(f' source="team" commit="{commit}">')
    assert {"src/session.py", "src/cache.py"} <= set(found.paths)
    assert "changed since indexed" not in found.text


def test_file_of_the_same_size_with_another_content_is_changed(
    ask: Callable[[], recall.Context], clone: Checkout
) -> None:
    """Its content is compared, and the state says that not all is as it was."""
    clone.write("src/cache.py", clone.read("src/cache.py").replace("evict", "erase"))

    found = ask()

    assert "src/cache.py (changed since indexed)" in found.text
    assert "src/session.py (changed" not in found.text
    assert found.state == "dirty"


def test_file_that_is_gone_is_left_out(ask: Callable[[], recall.Context], clone: Checkout) -> None:
    """A path that leads nowhere misleads."""
    os.unlink(f"{clone.root}/src/cache.py")

    found = ask()

    assert "src/cache.py" not in found.text
    assert found.state == "dirty"


def test_other_commit_is_dirty(ask: Callable[[], recall.Context], clone: Checkout) -> None:
    """Even where no file that is named differs."""
    clone.commit("nothing")

    found = ask()

    assert found.state == "dirty"
    assert "changed since indexed" not in found.text


@pytest.mark.parametrize(
    "words", [["checkout", "-q", "--detach"], ["pack-refs", "--all"], ["checkout", "-qb", "topic"]]
)
def test_published_commit_is_recognised_however_it_is_checked_out(
    ask: Callable[[], recall.Context], clone: Checkout, words: list[str]
) -> None:
    """Detached, packed, or under the name of another branch."""
    clone.git(*words)

    assert ask().state == "fresh"


def test_worktree_is_looked_at_itself(server: Postgres, clone: Checkout) -> None:
    """It shares the references of its main checkout, but neither HEAD nor files."""
    root = f"{os.path.dirname(clone.root)}/worktree"
    clone.git("worktree", "add", "-q", root, "-b", "topic")
    os.unlink(f"{clone.root}/src/cache.py")
    clone.commit("without")

    found = recall.context(central.opened(server, root), TASK, budget_tokens=2000)

    assert "src/cache.py" in found.paths
    assert found.state == "fresh"


@pytest.mark.parametrize(
    ("told", "state"), [("", "dirty"), ("c0ffee", "dirty"), ("the head", "fresh")]
)
def test_who_has_no_files_is_told_all_of_the_published_commit(
    server: Postgres, told: str, state: str
) -> None:
    """And that it is another one than he works on."""
    published = central_memory.find(server.rows, central.REMOTE)
    assert published
    nowhere = Nowhere("cart", published.head if told == "the head" else told)

    memory = CentralMemory(server.rows, published, nowhere)

    found = recall.context(memory, TASK, budget_tokens=2000)
    assert found.state == state
    assert "src/session.py" in found.paths
    assert recall.project_map(memory, budget_tokens=600).text.startswith(
        '<rtkq-context project="cart"'
    )
