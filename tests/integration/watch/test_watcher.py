"""What changes on the disk is owed, soon and exactly; what is ignored costs nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from rtkq import paths, store
from rtkq.config import Settings, WatchSettings
from rtkq.store import database
from rtkq.store.memory import HEAD_DEBT
from rtkq_workers.checkout import worktree
from rtkq_workers.watch.pruned import PrunedTree

from .conftest import Beaten, Checkout

Start = Callable[[], Beaten]
GIT_FOLDERS = {".git", ".git/info", ".git/logs"}


def test_a_saved_file_is_owed(checkout: Checkout, start: Start) -> None:
    """An edit becomes the debt of exactly that path."""
    beaten = start()
    checkout.write("a.py", "x = 1\n")

    beaten.until(lambda: checkout.owed() == {"a.py"})


def test_created_renamed_and_deleted_files_are_owed(checkout: Checkout, start: Start) -> None:
    """A new file, both names of a renamed one, and a deleted one are owed."""
    beaten = start()
    checkout.write("new.py")
    os.rename(checkout.root / "a.py", checkout.root / "renamed.py")
    os.unlink(checkout.root / "pkg/b.py")

    beaten.until(lambda: checkout.owed() == {"new.py", "a.py", "renamed.py", "pkg/b.py"})


def test_ten_nested_folders_made_at_once_are_owed_and_watched(
    checkout: Checkout, start: Start
) -> None:
    """Files put into new folders before anybody watches are owed, and so are later ones."""
    beaten = start()
    deep = "/".join(f"d{level}" for level in range(10))
    checkout.write(f"{deep}/first.py")
    beaten.until(lambda: f"{deep}/first.py" in checkout.owed())

    checkout.write(f"{deep}/second.py")

    beaten.until(lambda: f"{deep}/second.py" in checkout.owed())


def test_a_moved_folder_is_owed_under_both_names_and_still_watched(
    checkout: Checkout, start: Start
) -> None:
    """Moving a folder owes what it held, here and there; it is watched where it is now."""
    beaten = start()
    os.rename(checkout.root / "pkg", checkout.root / "moved")
    beaten.until(lambda: checkout.owed() == {"pkg/b.py", "moved/b.py"})

    checkout.write("moved/later.py")

    beaten.until(lambda: "moved/later.py" in checkout.owed())
    assert "pkg" not in beaten.directories(checkout)


def test_a_folder_moved_away_is_no_longer_watched(
    checkout: Checkout, start: Start, tmp_path: Path
) -> None:
    """What leaves the project is owed as gone, and its new place is nobody's business."""
    beaten = start()
    os.rename(checkout.root / "pkg", tmp_path / "elsewhere")
    beaten.until(lambda: checkout.owed() == {"pkg/b.py"})
    beaten.settle()

    assert beaten.directories(checkout) == {"", *GIT_FOLDERS}


def test_a_folder_moved_in_is_owed(checkout: Checkout, start: Start, tmp_path: Path) -> None:
    """Everything in a folder that is moved into the project is owed."""
    beaten = start()
    (tmp_path / "outside/deep").mkdir(parents=True)
    (tmp_path / "outside/deep/c.py").write_text("c = 1\n")
    os.rename(tmp_path / "outside", checkout.root / "inside")

    beaten.until(lambda: checkout.owed() == {"inside/deep/c.py"})


def test_a_folder_moved_onto_an_empty_one_is_owed_and_watched(
    checkout: Checkout, start: Start, tmp_path: Path
) -> None:
    """What takes the place of a watched folder is watched in its stead."""
    (checkout.root / "place").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/c.py").write_text("c = 1\n")
    beaten = start()
    os.rename(tmp_path / "outside", checkout.root / "place")
    beaten.until(lambda: checkout.owed() == {"place/c.py"})

    checkout.write("place/later.py")

    beaten.until(lambda: "place/later.py" in checkout.owed())


def test_a_removed_folder_owes_its_files(checkout: Checkout, start: Start) -> None:
    """Removing a folder owes each file that was in it."""
    beaten = start()
    shutil.rmtree(checkout.root / "pkg")

    beaten.until(lambda: checkout.owed() == {"pkg/b.py"})


def test_another_branch_is_rescanned_and_owes_every_changed_file(
    checkout: Checkout, start: Start
) -> None:
    """700 files checked out are owed by looking at the whole, not by 700 events."""
    checkout.git("checkout", "-qb", "other")
    for number in range(700):
        checkout.write(f"many/m{number}.py")
    checkout.write("a.py", "changed = True\n")
    checkout.commit()
    checkout.git("checkout", "-q", "main")
    checkout.believe()
    beaten = start()
    before = checkout.marks()

    checkout.git("checkout", "-q", "other")

    expected = {"a.py", HEAD_DEBT} | {f"many/m{number}.py" for number in range(700)}
    beaten.until(lambda: checkout.owed() == expected)
    beaten.settle()
    assert checkout.marks() < before + 10


def test_a_commit_that_changes_no_file_is_owed(checkout: Checkout, start: Start) -> None:
    """A move of HEAD alone is a debt: the memory follows history as well."""
    beaten = start()
    checkout.git("commit", "-q", "--allow-empty", "-m", "nothing but history")

    beaten.until(lambda: checkout.owed() == {HEAD_DEBT})


def test_a_first_build_is_owed_and_compared_when_it_is_done(folder: Checkout) -> None:
    """A project without a memory owes its first build, and a look at what that build missed."""
    folder.write("a.py")
    store.register(folder.home, str(folder.root))
    beaten = Beaten(Settings(home=folder.home))
    beaten.watcher.start()
    beaten.until(lambda: folder.marks() > 0)
    assert folder.owed() == set()

    folder.believe()
    folder.write("late.py")

    beaten.until(lambda: folder.owed() == {"late.py"})
    beaten.watcher.stop()


def test_a_watched_memory_stays_verified(checkout: Checkout, home: str) -> None:
    """While nothing happens the memory counts as compared; not when nobody drains the events."""
    beaten = Beaten(Settings(home=home, watch=WatchSettings(stale_after_s=1)))
    beaten.watcher.start()
    beaten.settle()
    before = store.verified_at(home, str(checkout.root))
    beaten.until(lambda: store.verified_at(home, str(checkout.root)) > before)

    beaten.watcher._observer.stop()
    beaten.until(lambda: not beaten.watcher._observer.is_draining())
    last = store.verified_at(home, str(checkout.root))
    beaten.watcher._verified_at -= 10
    beaten.watcher.tick()

    assert store.verified_at(home, str(checkout.root)) == last
    beaten.watcher.stop()


def test_ignored_folders_are_neither_watched_nor_owed(checkout: Checkout, start: Start) -> None:
    """Nothing that happens in an ignored folder takes a watch or makes a debt."""
    beaten = start()
    checkout.write("build/more.py")
    checkout.write("build/deep/more.py")
    checkout.write("node_modules/other/index.js")
    checkout.write("noise.log")
    checkout.write("sub/node_modules/third/index.js")
    checkout.write("a.py", "the = 'last change'\n")

    beaten.until(lambda: "a.py" in checkout.owed())
    beaten.settle()
    assert checkout.owed() == {"a.py"}
    assert beaten.directories(checkout) == {"", "pkg", "sub", *GIT_FOLDERS}


def test_a_nested_checkout_is_neither_watched_nor_owed(checkout: Checkout, start: Start) -> None:
    """A checkout made inside the project is a project of its own."""
    beaten = start()
    checkout.write("nested/inner.py")
    subprocess.run(["git", "init", "-q", str(checkout.root / "nested")], check=True)
    beaten.until(lambda: "nested" not in beaten.directories(checkout))

    checkout.believe()
    checkout.write("nested/later.py")
    checkout.write("a.py", "the = 'last change'\n")
    beaten.until(lambda: "a.py" in checkout.owed())

    assert checkout.owed() == {"a.py"}


def test_a_file_added_by_force_is_owed_and_watched(checkout: Checkout, start: Start) -> None:
    """``git add -f`` makes an ignored file part of the project, and its folder worth watching."""
    beaten = start()
    checkout.git("add", "-f", "build/out.py")
    beaten.until(lambda: checkout.owed() == {"build/out.py"})
    beaten.settle()

    checkout.believe()
    checkout.write("build/out.py", "x = 2\n")

    beaten.until(lambda: checkout.owed() == {"build/out.py"})


def test_new_rules_hold_at_once(checkout: Checkout, start: Start) -> None:
    """A folder that becomes ignored is owed as gone and watched no more; and back."""
    beaten = start()
    checkout.write(".gitignore", "build/\npkg/\n")
    checkout.git("rm", "-rq", "--cached", "pkg")
    beaten.until(lambda: checkout.owed() == {".gitignore", "pkg/b.py"})
    beaten.until(lambda: "pkg" not in beaten.directories(checkout))

    checkout.believe()
    checkout.write(".gitignore", "build/\n")

    beaten.until(lambda: checkout.owed() == {".gitignore", "pkg/b.py"})
    beaten.until(lambda: "pkg" in beaten.directories(checkout))


def test_a_worktree_follows_its_own_head(checkout: Checkout, start: Start, tmp_path: Path) -> None:
    """The git folder of a worktree lies elsewhere; a commit there concerns the worktree alone."""
    worktree = Checkout(checkout.home, (tmp_path / "worktree").resolve())
    checkout.git("worktree", "add", "-q", "-b", "other", str(worktree.root))
    worktree.register()
    checkout.believe()
    beaten = start()

    worktree.git("commit", "-q", "--allow-empty", "-m", "nothing but history")

    beaten.until(lambda: worktree.owed() == {HEAD_DEBT})
    beaten.settle()
    assert checkout.owed() == set()


def test_a_project_without_git_obeys_its_ignore_files(folder: Checkout, start: Start) -> None:
    """Without git the .gitignore files are read here, nested ones and exceptions included."""
    folder.write(".gitignore", "*.tmp\nout/\n")
    folder.write("sub/.gitignore", "!keep.tmp\n")
    folder.write("a.py")
    folder.register()
    beaten = start()
    folder.write("out/x.py")
    folder.write("noise.tmp")
    folder.write("sub/keep.tmp")
    folder.write("a.py", "x = 1\n")

    beaten.until(lambda: folder.owed() == {"a.py", "sub/keep.tmp"})
    assert "out" not in beaten.directories(folder)


def test_a_steady_writer_cannot_starve_the_flush(checkout: Checkout, start: Start) -> None:
    """A file that is written all the time is owed while it is still being written."""
    beaten = start()
    stop = threading.Event()

    def write() -> None:
        with open(checkout.root / "a.py", "a") as stream:
            while not stop.wait(0.005):
                stream.write("x\n")
                stream.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        beaten.until(lambda: checkout.owed() == {"a.py"})
    finally:
        stop.set()
        writer.join()


def test_times_set_after_closing_are_owed(checkout: Checkout, start: Start) -> None:
    """A file whose time stamp alone changed is looked at: the hook compares stamps."""
    beaten = start()
    os.utime(checkout.root / "a.py", (1, 1))

    beaten.until(lambda: checkout.owed() == {"a.py"})


def test_a_locked_memory_keeps_the_burst(
    checkout: Checkout, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that meets a lock is owed as soon as the lock is gone."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    beaten = start()
    with closing(checkout.lock()):
        checkout.write("a.py", "x = 1\n")
        watched = beaten.watcher._board.find(str(checkout.root))
        assert watched is not None
        beaten.until(lambda: watched._failures > 1)

    beaten.until(lambda: checkout.owed() == {"a.py"})


def test_an_overflow_is_made_good_by_a_rescan(checkout: Checkout, start: Start) -> None:
    """When the kernel drops events, what they would have said is owed all the same."""
    beaten = start()
    watched = beaten.watcher._board.find(str(checkout.root))
    assert watched is not None
    tree = watched.tree
    assert isinstance(tree, PrunedTree)
    tree.close()  # as if nothing had been reported of what comes now
    checkout.write("a.py", "x = 1\n")
    checkout.write("unseen/c.py")
    tree.on_queue_overflow()

    beaten.until(lambda: checkout.owed() == {"a.py", "unseen/c.py"})
    assert "unseen" in beaten.directories(checkout)


def test_sleep_is_made_good_by_a_rescan(checkout: Checkout, start: Start) -> None:
    """After the clocks drifted apart every project is compared anew."""
    beaten = start()
    watched = beaten.watcher._board.find(str(checkout.root))
    assert watched is not None
    assert watched.tree is not None
    watched.tree.close()
    checkout.write("a.py", "x = 1\n")
    beaten.watcher._drift_s -= 60

    beaten.until(lambda: checkout.owed() == {"a.py"})


def test_a_root_that_went_away_is_waited_for(checkout: Checkout, start: Start) -> None:
    """A root that is gone owes nothing; when it is back it is compared and watched again."""
    beaten = start()
    away = checkout.root.with_name("away")
    os.rename(checkout.root, away)
    watched = beaten.watcher._board.find(str(checkout.root))
    assert watched is not None
    beaten.until(lambda: watched.is_missing)
    assert checkout.owed() == set()

    (away / "a.py").write_text("x = 1\n")
    os.rename(away, checkout.root)
    beaten.until(lambda: checkout.owed() == {"a.py"})
    beaten.settle()
    checkout.write("pkg/b.py", "x = 1\n")

    beaten.until(lambda: checkout.owed() == {"a.py", "pkg/b.py"})


def test_a_replaced_root_is_compared(checkout: Checkout, start: Start, tmp_path: Path) -> None:
    """Another folder of the same name is noticed even though no event tells."""
    beaten = start()
    shutil.copytree(checkout.root, tmp_path / "copy")
    (tmp_path / "copy/a.py").write_text("other = True\n")
    checkout.root.rename(tmp_path / "old")
    (tmp_path / "copy").rename(checkout.root)

    beaten.until(lambda: "a.py" in checkout.owed())
    beaten.settle()
    checkout.write("new.py")

    beaten.until(lambda: "new.py" in checkout.owed())


def test_names_that_cannot_be_stored_do_no_harm(checkout: Checkout, start: Start) -> None:
    """Names that are not UTF-8, links, loops and fifos are left out; the rest is owed."""
    beaten = start()
    raw = os.fsencode(checkout.root)
    with open(raw + b"/bad\xff.py", "wb") as stream:
        stream.write(b"x")
    os.mkdir(raw + b"/dir\xff")
    os.symlink(".", checkout.root / "loop")
    os.symlink("a.py", checkout.root / "link.py")
    os.mkfifo(checkout.root / "pipe.py")
    checkout.write("good.py")

    beaten.until(lambda: checkout.owed() == {"good.py"})
    beaten.settle()


def test_projects_come_and_go_with_the_registry(
    checkout: Checkout, folder: Checkout, start: Start
) -> None:
    """A newly registered project is watched, a forgotten one no more."""
    beaten = start()
    folder.write("a.py")
    folder.register()
    beaten.until(lambda: beaten.watcher._board.find(str(folder.root)))
    beaten.settle()
    folder.write("a.py", "x = 1\n")
    beaten.until(lambda: folder.owed() == {"a.py"})

    with closing(sqlite3.connect(paths.registry_file(folder.home))) as registry, registry:
        shutil.rmtree(paths.checkout(folder.home, str(folder.root)))
        registry.execute("DELETE FROM project WHERE root = ?", (str(folder.root),))

    beaten.until(lambda: beaten.watcher._board.find(str(folder.root)) is None)


def test_a_project_nobody_used_for_long_is_not_watched(checkout: Checkout, start: Start) -> None:
    """A project last used before the limit takes no watch."""
    with closing(sqlite3.connect(paths.registry_file(checkout.home))) as registry, registry:
        registry.execute("UPDATE project SET used_at = ?", (time.time() - 8 * 86400,))
    beaten = start()

    assert beaten.watcher._board.all() == []


def test_many_projects_take_no_more_threads(home: str, tmp_path: Path, start: Start) -> None:
    """Twelve projects are watched by the same five threads and one inotify instance as one."""
    for number in range(12):
        root = tmp_path / f"p{number}"
        root.mkdir()
        (root / "a.py").write_text("x = 1\n")
        Checkout(home, root.resolve()).register()
    before = threading.active_count()
    instances = _inotify_instances()
    start()

    assert threading.active_count() <= before + 4
    assert _inotify_instances() == instances + 1


def test_the_heartbeat_says_what_is_watched(checkout: Checkout, start: Start) -> None:
    """The heartbeat names the process, its projects, folders and limits."""
    beaten = start()
    beaten.watcher.tick()
    with open(paths.heartbeat_file(checkout.home, "watch")) as stream:
        heartbeat = json.load(stream)

    assert heartbeat["pid"] == os.getpid()
    assert heartbeat["started_at"] <= heartbeat["beat_at"]
    assert heartbeat["projects"] == 1
    assert heartbeat["directories"] == 5
    assert heartbeat["limits"] == heartbeat["polled"] == heartbeat["missing"] == []


def test_a_watcher_that_does_not_drain_shows_no_life(checkout: Checkout, start: Start) -> None:
    """Without the thread that takes the events the heartbeat stops."""
    beaten = start()
    beaten.watcher._observer.stop()
    beaten.until(lambda: not beaten.watcher._observer.is_draining())
    os.unlink(paths.heartbeat_file(checkout.home, "watch"))
    beaten.watcher.tick()

    assert not os.path.exists(paths.heartbeat_file(checkout.home, "watch"))


def _inotify_instances() -> int:
    held = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            held += os.readlink(f"/proc/self/fd/{descriptor}") == "anon_inode:inotify"
    return held


def test_removed_worktree_leaves_the_board_and_the_home(checkout: Checkout, start: Start) -> None:
    """Agents make worktrees and remove them: no watch, row or folder is left behind."""
    root = checkout.root / ".claude" / "worktrees" / "twin"
    checkout.git("worktree", "add", "-q", "-b", "twin", str(root))
    twin = Checkout(checkout.home, root)
    twin.register()
    worktree.note(checkout.home, str(root))
    beaten = start()
    assert beaten.directories(twin)

    checkout.git("worktree", "remove", "--force", str(root))

    beaten.until(lambda: beaten.watcher._board.find(str(root)) is None)
    assert not os.path.exists(paths.checkout(checkout.home, str(root)))
    beaten.settle()
    assert not [folder for folder in beaten.directories(checkout) if "twin" in folder]


def test_removed_worktree_is_not_told_as_a_failure(
    checkout: Checkout, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Agents remove them all day; a log that tells of each would hide what went wrong."""
    caplog.set_level("INFO")
    root = checkout.root / ".claude" / "worktrees" / "twin"
    checkout.git("worktree", "add", "-q", "-b", "twin", str(root))
    Checkout(checkout.home, root).register()
    worktree.note(checkout.home, str(root))
    beaten = start()

    beaten.watcher._board.find(str(root)).hurry("git")
    checkout.git("worktree", "remove", "--force", str(root))

    beaten.until(lambda: beaten.watcher._board.find(str(root)) is None)
    assert "looked at" not in caplog.text
    assert "was forgotten: its worktree was removed" in caplog.text
