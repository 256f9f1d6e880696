"""The inotify observer by itself: what it watches, and what it says about trouble."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq_workers.checkout import scan
from rtkq_workers.checkout.ignore import Ignore
from rtkq_workers.watch.native import NativeObserver
from rtkq_workers.watch.observe import Observer
from rtkq_workers.watch.pruned import PrunedObserver

from .conftest import DEADLINE_S

_NOBODY = 65534
_QUEUE_LIMIT = Path("/proc/sys/fs/inotify/max_queued_events")


class Heard:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.reasons: set[str] = set()

    def touched(self, path: str) -> None:
        """Remember *path*."""
        self.paths.add(path)

    def desynced(self, why: str) -> None:
        """Remember *why*."""
        self.reasons.add(why)

    def wait(self, *, path: str = "", why: str = "") -> None:
        """Wait until a path or a reason was heard."""
        deadline = time.monotonic() + DEADLINE_S
        while path not in {"", *self.paths} or why not in {"", *self.reasons}:
            assert time.monotonic() < deadline, f"heard {self.paths} {self.reasons}"
            time.sleep(0.005)


class Slow(Heard):
    """A sink that takes its time with the first path."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()

    def touched(self, path: str) -> None:
        """Remember *path* when told to go on."""
        self.may_go_on.wait(DEADLINE_S)
        super().touched(path)


@pytest.fixture(params=[PrunedObserver, NativeObserver])
def observer(request: pytest.FixtureRequest) -> Iterator[Observer]:
    """Both observers: they make the same promises."""
    made: Observer = request.param()
    yield made
    made.stop()


def test_changes_are_heard_and_ignored_ones_are_not(observer: Observer, tmp_path: Path) -> None:
    """A touched path is reported relative to the root; what is ignored is not reported."""
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "src").mkdir()
    heard = Heard()
    tree = observer.tree(str(tmp_path), heard)
    tree.sync(Ignore(str(tmp_path)))

    (tmp_path / "node_modules/x.js").write_text("x")
    (tmp_path / "src/a.py").write_text("a")
    heard.wait(path="src/a.py")

    assert heard.paths == {"src/a.py"}


def test_a_moved_folder_asks_for_a_rescan(observer: Observer, tmp_path: Path) -> None:
    """Nobody lists what was in a folder that moved, so everything is compared."""
    (tmp_path / "old/deep").mkdir(parents=True)
    heard = Heard()
    observer.tree(str(tmp_path), heard).sync(Ignore(str(tmp_path)))
    (tmp_path / "old").rename(tmp_path / "new")
    heard.wait(why="moved")

    (tmp_path / "new/deep/a.py").write_text("a")

    heard.wait(path="new/deep/a.py")


def test_a_closed_tree_says_nothing(observer: Observer, tmp_path: Path) -> None:
    """After closing one project the others are still heard."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Heard(), Heard()
    closed = observer.tree(str(tmp_path / "one"), one)
    closed.sync(Ignore(str(tmp_path / "one")))
    observer.tree(str(tmp_path / "two"), two).sync(Ignore(str(tmp_path / "two")))
    closed.close()
    (tmp_path / "one/a.py").write_text("a")
    (tmp_path / "two/b.py").write_text("b")
    two.wait(path="b.py")

    assert one.paths == set()
    assert closed.directories == 0


def test_a_missing_root_cannot_be_synced(observer: Observer, tmp_path: Path) -> None:
    """Watching nothing is an error, not a quiet project."""
    root = str(tmp_path / "nowhere")

    with pytest.raises(FileNotFoundError):
        observer.tree(root, Heard()).sync(Ignore(root))


def test_two_projects_may_watch_the_same_folder(tmp_path: Path) -> None:
    """One watch of the kernel serves a project and another one that contains it."""
    (tmp_path / "inner").mkdir()
    observer = PrunedObserver()
    outer, inner = Heard(), Heard()
    outer_tree = observer.tree(str(tmp_path), outer)
    outer_tree.sync(Ignore(str(tmp_path)))
    observer.tree(str(tmp_path / "inner"), inner).sync(Ignore(str(tmp_path / "inner")))
    (tmp_path / "inner/a.py").write_text("a")
    outer.wait(path="inner/a.py")
    inner.wait(path="a.py")

    outer_tree.close()
    (tmp_path / "inner/b.py").write_text("b")

    inner.wait(path="b.py")
    observer.stop()


def test_an_overflow_of_the_kernels_queue_is_reported(tmp_path: Path) -> None:
    """When events come faster than they are taken, the loss is not silent."""
    if not os.access(_QUEUE_LIMIT, os.W_OK):
        pytest.skip("the length of the queue cannot be changed here")
    before = _QUEUE_LIMIT.read_text()
    _QUEUE_LIMIT.write_text("8")
    try:
        observer = PrunedObserver()
    finally:
        _QUEUE_LIMIT.write_text(before)
    heard = Slow()
    observer.tree(str(tmp_path), heard).sync(Ignore(str(tmp_path)))
    for number in range(100):
        (tmp_path / f"{number}.py").write_text("x")
    heard.may_go_on.set()

    heard.wait(why="overflow")
    observer.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_folders_that_cannot_be_read_are_left_alone() -> None:
    """A locked folder is neither watched nor surveyed; when it opens, its files are heard."""
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        os.makedirs(f"{root}/locked")
        Path(f"{root}/locked/secret.py").write_text("s")
        Path(f"{root}/open.py").write_text("o")
        os.chmod(f"{root}/locked", 0o700)
        observer, heard = PrunedObserver(), Heard()
        tree = observer.tree(root, heard)
        os.seteuid(_NOBODY)
        try:
            tree.sync(Ignore(root))
            seen = scan.survey(root)
        finally:
            os.seteuid(0)

        assert set(seen) == {"open.py"}
        assert tree.directories == 1
        os.chmod(f"{root}/locked", 0o755)
        heard.wait(path="locked/secret.py")
        observer.stop()
