"""Rules of projects without git, and of folders younger than git's answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtkq_workers.checkout.ignore import Ignore, is_never


@pytest.fixture
def ignore(tmp_path: Path) -> Ignore:
    """Rules at the root, and others in a folder below it."""
    (tmp_path / ".gitignore").write_text("out/\n*.tmp\n/only-here\n!important.tmp\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/.gitignore").write_text("local/\n!out/\n")
    return Ignore(str(tmp_path))


@pytest.mark.parametrize(
    ("folder", "is_skipped"),
    [
        ("src", False),
        ("out", True),
        ("deep/out", True),
        ("only-here", True),
        ("deep/only-here", False),  # the leading slash ties it to the root
        ("sub/local", True),
        ("local", False),
        ("sub/out", False),  # the nearest file decides
        ("node_modules", True),
        ("sub/.git", True),
    ],
)
def test_folders_are_skipped_as_the_rules_say(
    ignore: Ignore, folder: str, is_skipped: bool
) -> None:
    """A folder is watched unless a rule, or its nature, says otherwise."""
    assert ignore.skips(folder) is is_skipped


@pytest.mark.parametrize(
    ("path", "is_covered"),
    [
        ("a.py", False),
        ("a.tmp", True),
        ("important.tmp", False),
        ("out/a.py", True),
        ("out/important.tmp", True),  # nothing in an ignored folder comes back
        ("sub/local/x/y.py", True),
    ],
)
def test_files_are_covered_as_the_rules_say(ignore: Ignore, path: str, is_covered: bool) -> None:
    """A file is ignored by itself or with a folder above it."""
    assert ignore.covers(path) is is_covered


def test_a_nested_checkout_is_skipped(tmp_path: Path) -> None:
    """A folder with a .git of its own, file or folder, is a project of its own."""
    (tmp_path / "clone/.git").mkdir(parents=True)
    (tmp_path / "worktree").mkdir()
    (tmp_path / "worktree/.git").write_text("gitdir: elsewhere\n")

    ignore = Ignore(str(tmp_path))

    assert ignore.skips("clone")
    assert ignore.skips("worktree")


def test_a_hostile_ignore_file_does_no_harm(tmp_path: Path) -> None:
    """A fifo is not waited for, a link not followed, a line that is no pattern skipped."""
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.gitignore").symlink_to("/etc/passwd")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/.gitignore").write_bytes(b"\xff\xfe\n!\n///\nx.py\n")

    ignore = Ignore(str(tmp_path))

    assert not ignore.covers("a/x.py")
    assert ignore.covers("b/x.py")


@pytest.mark.parametrize("path", [".git", ".git/HEAD", "a/node_modules/b.js", "__pycache__/x.pyc"])
def test_some_folders_are_never_part_of_a_project(path: str) -> None:
    """A path with such a component is left out whatever the rules say."""
    assert is_never(path)


@pytest.mark.parametrize("path", [".github/ci.yml", "docs/node_modules.md", "my__pycache__/x"])
def test_names_that_only_look_alike_are_part_of_a_project(path: str) -> None:
    """A whole component decides, not a part of its name."""
    assert not is_never(path)
