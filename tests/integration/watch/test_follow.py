"""Receipts of the hook tell where an agent works: look there now, take up what is new."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rtkq import paths, receipts
from rtkq.config import ProjectsSettings, Settings
from rtkq_workers.watch.follow import Follower, refusal

from .conftest import Beaten, Checkout


def leave(home: str, root: Path, outcome: str, event: str = "SessionStart") -> None:
    """Leave a receipt as the hook does."""
    receipt = receipts.Receipt("claude-code")
    receipt.event, receipt.outcome, receipt.root = event, outcome, str(root)
    Path(home).mkdir(exist_ok=True)
    receipts.write(home, receipt)


def registered(home: str) -> dict[str, float]:
    """Return the registered roots and when they were used."""
    with closing(sqlite3.connect(paths.registry_file(home))) as registry:
        return dict(registry.execute("SELECT root, used_at FROM project"))


@pytest.fixture
def fresh(home: str, tmp_path: Path) -> Checkout:
    """A checkout nobody registered."""
    root = (tmp_path / "fresh").resolve()
    root.mkdir()
    made = Checkout(home, root)
    made.git("init", "-q")
    made.write("a.py")
    return made


def test_a_session_in_an_unknown_checkout_registers_it(
    fresh: Checkout, start: Callable[[], Beaten]
) -> None:
    """Where an agent begins to work, a first build is owed without anybody asking."""
    beaten = start()
    leave(fresh.home, fresh.root, "unknown")

    memory = paths.memory_file(fresh.home, str(fresh.root))
    beaten.until(lambda: os.path.exists(memory) and fresh.marks() > 0)
    assert str(fresh.root) in registered(fresh.home)


def test_a_session_rescans_its_project_at_once(
    checkout: Checkout, start: Callable[[], Beaten]
) -> None:
    """A session makes the watcher look, whatever it knew before, and notes the use."""
    beaten = start()
    watched = beaten.watcher._board.find(str(checkout.root))
    assert watched is not None
    assert watched.tree is not None
    watched.tree.close()
    checkout.write("a.py", "x = 1\n")

    leave(checkout.home, checkout.root, "noted")

    beaten.until(lambda: checkout.owed() == {"a.py"})
    assert registered(checkout.home)[str(checkout.root)] > time.time() - 60


def test_a_session_wakes_a_project_that_was_not_watched(
    checkout: Checkout, start: Callable[[], Beaten]
) -> None:
    """A project unused for long is watched again as soon as somebody works there."""
    with closing(sqlite3.connect(paths.registry_file(checkout.home))) as registry, registry:
        registry.execute("UPDATE project SET used_at = 1")
    beaten = start()
    assert beaten.watcher._board.all() == []

    leave(checkout.home, checkout.root, "noted")

    beaten.until(lambda: beaten.watcher._board.find(str(checkout.root)))


def test_every_receipt_is_read_once(checkout: Checkout, settings: Settings) -> None:
    """Receipts are followed from file to file, and an unfinished line is left for later."""
    sessions: list[str] = []
    follower = Follower(settings, sessions.append)
    leave(checkout.home, checkout.root, "noted")
    follower.follow()
    follower.follow()
    assert sessions == [str(checkout.root)]

    folder = Path(paths.receipts_folder(checkout.home))
    last = max(folder.glob("*.log"))
    whole = last.read_bytes()
    later = folder / "99991231T2359.log"
    later.write_bytes(whole[:-5])
    follower.follow()
    assert len(sessions) == 1

    with later.open("ab") as stream:
        stream.write(whole[-5:])
    follower.follow()
    leave(checkout.home, checkout.root, "noted")  # written late, to the minute before
    follower.follow()

    assert len(sessions) == 3


def test_checkouts_are_refused_with_a_reason(fresh: Checkout, settings: Settings) -> None:
    """What is no lasting checkout of this user is not registered by itself."""
    root = str(fresh.root)
    assert refusal(root, settings) == ""

    few = Settings(home=settings.home, projects=ProjectsSettings(auto_max_files=0))
    lasting = Settings(home="/home/somebody/.local/share/rtkq")
    link = fresh.root.with_name("link")
    link.symlink_to(fresh.root)

    assert "more than 0 files" in refusal(root, few)
    assert "temporary" in refusal(root, lasting)
    assert "no checkout" in refusal(str(fresh.root.parent), settings)
    assert "no checkout" in refusal(str(link), settings)


def test_the_home_folder_is_refused(
    fresh: Checkout, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home folder kept in git is not a project."""
    monkeypatch.setenv("HOME", str(fresh.root))

    assert "home folder" in refusal(str(fresh.root), settings)


def test_nothing_is_registered_where_that_is_switched_off(fresh: Checkout) -> None:
    """With projects.auto_register off an unknown checkout stays unknown."""
    off = Settings(home=fresh.home, projects=ProjectsSettings(auto_register=False))
    leave(fresh.home, fresh.root, "unknown")
    Follower(off, lambda _root: None).follow()

    assert registered(fresh.home) == {}
