"""Only the commits that can be reached now count, and each tells the same in every checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq import recall, store
from rtkq_workers import barrier
from rtkq_workers.rebuild import reading
from tests.conftest import Checkout

Rows = Callable[[str], dict[str, list[Any]]]


class Clone(Checkout):
    """A clone of another checkout, cut off after some commits."""

    def __init__(self, origin: Checkout, *, depth: int) -> None:
        self.root = f"{origin.root}-clone"
        origin.git("clone", "-q", f"--depth={depth}", f"file://{origin.root}", self.root)


@pytest.fixture
def origin(checkout: Checkout) -> Checkout:
    """A checkout with a few commits, each about one file."""
    for number, path in enumerate(("src/cache.py", "src/session.py", "web/login.ts"), 1):
        checkout.write(path, f"changed = {number}\n")
        checkout.commit(f"Change number {number}")
    return checkout


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def messages_of(rows: dict[str, list[Any]]) -> list[str]:
    """Return what each commit touched, oldest first."""
    return [paths for _, _, paths in sorted(rows["history"], key=lambda row: row[1:])]


def test_deepened_clone_learns_its_past(
    home: str, origin: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """HEAD is where it was, and yet there are more commits to count."""
    clone = Clone(origin, depth=2)
    refresh(home, clone.root)
    before = rows_of(clone.root)
    clone.git("fetch", "-q", "--unshallow")

    refresh(home, clone.root)

    assert messages_of(before) == ["web/login.ts"]
    assert len(rows_of(clone.root)["history"]) == 4
    assert rows_of(clone.root) == rows_from_nothing(clone.root)


def test_clone_made_shallow_forgets_its_past(
    home: str, origin: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Commits that git cannot reach any more do not count, though HEAD did not move."""
    clone = Clone(origin, depth=4)
    refresh(home, clone.root)
    clone.git("fetch", "-q", "--depth=1")

    refresh(home, clone.root)

    assert rows_of(clone.root)["history"] == []
    assert rows_of(clone.root) == rows_from_nothing(clone.root)


def test_end_of_a_shallow_clone_does_not_mislead_whole_clones(
    home: str, origin: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Where history is cut a commit seems to have made all files; others know better."""
    refresh(home, Clone(origin, depth=2).root)

    refresh(home, origin.root)

    assert rows_of(origin.root) == rows_from_nothing(origin.root)


@pytest.mark.parametrize(
    "words", [("replace", "HEAD~1", "HEAD~2"), ("config", "log.showRoot", "false")], ids=" ".join
)
def test_commit_tells_the_same_whatever_a_checkout_configures(
    home: str, origin: Checkout, rows_of: Rows, rows_from_nothing: Rows, words: tuple[str, ...]
) -> None:
    """What is known of commits is shared, so no checkout may have a view of its own."""
    refresh(home, origin.root)
    before = rows_of(origin.root)
    origin.git(*words)

    refresh(home, origin.root)

    assert rows_from_nothing(origin.root) == before == rows_of(origin.root)


def test_commits_that_a_rebase_dropped_are_forgotten(
    home: str, origin: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """What no branch leads to any more says nothing about files, even if git still has it."""
    refresh(home, origin.root)
    dropped = origin.git("rev-parse", "HEAD~1").strip()
    origin.git("rebase", "-q", "--onto", "HEAD~2", "HEAD~1")

    refresh(home, origin.root)

    assert dropped not in {name for name, _, _ in rows_of(origin.root)["history"]}
    assert rows_of(origin.root) == rows_from_nothing(origin.root)


def test_head_moved_under_unchanged_files_is_followed(
    home: str, origin: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Not one file differs after a soft reset, but one commit less counts."""
    refresh(home, origin.root)
    origin.git("reset", "-q", "--soft", "HEAD~1")

    refresh(home, origin.root)

    assert len(rows_of(origin.root)["history"]) == 3
    assert rows_of(origin.root) == rows_from_nothing(origin.root)


def test_folder_that_lost_its_git_has_not_the_past_of_what_is_around_it(
    home: str, origin: Checkout, rows_of: Rows
) -> None:
    """The commits of an outer checkout are about other files."""
    inner = Checkout(Path(origin.root, "inner"))
    inner.write("a.py", "x = 1\n")
    inner.commit("start of another project")
    refresh(home, inner.root)
    shutil.rmtree(f"{inner.root}/.git")

    refresh(home, inner.root)

    assert rows_of(inner.root)["history"] == []
    assert [path for path, *_ in rows_of(inner.root)["file"]] == ["a.py"]


def test_file_that_could_not_be_read_for_a_while_gets_its_past_back(
    home: str,
    origin: Checkout,
    rows_of: Rows,
    rows_from_nothing: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Permissions that come and go leave what a full build finds, heat and messages included."""
    refresh(home, origin.root)
    locked = f"{origin.root}/src/cache.py"
    is_locked = True
    opened = os.open

    def refuse(path: Any, *rest: Any, **more: Any) -> int:
        # Root, as whom tests may run, is refused nothing.
        if is_locked and path == locked:
            raise PermissionError(13, "Permission denied", path)
        return opened(path, *rest, **more)

    monkeypatch.setattr(reading.os, "open", refuse)
    for is_locked in (True, False):
        os.utime(locked, ns=(0, int(is_locked)))

        refresh(home, origin.root)

        assert rows_of(origin.root) == rows_from_nothing(origin.root)


def test_change_whose_time_was_set_back_is_told(home: str, origin: Checkout) -> None:
    """The same size and the same mtime do not make other bytes fresh."""
    refresh(home, origin.root)
    file = f"{origin.root}/src/cache.py"
    before = os.stat(file)
    origin.write("src/cache.py", "chanced = 1\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    memory = recall.open_memory(home, origin.root)
    assert memory is not None

    found = recall.context(memory, "cache", budget_tokens=500)

    assert [one.state for one in found.files if one.path == "src/cache.py"] == ["changed"]
