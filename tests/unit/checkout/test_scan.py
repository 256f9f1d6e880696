"""The comparison with the disk: regular files alone, and every way to differ is owed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtkq.records import KnownFile, Stamp
from rtkq_workers.checkout.scan import compare, stamps, survey

OLD = Stamp(1, 1, 1, 1)


def test_what_is_new_gone_different_or_unverified_is_owed() -> None:
    """Each way to differ makes a debt; a file that is as it was makes none."""
    seen = {"same": OLD, "new": OLD, "changed": Stamp(2, 1, 1, 1), "young": OLD}
    known = {
        "same": KnownFile(OLD, is_verified=True),
        "changed": KnownFile(OLD, is_verified=True),
        "young": KnownFile(OLD, is_verified=False),
        "gone": KnownFile(OLD, is_verified=True),
    }

    assert compare(seen, known) == ["changed", "gone", "new", "young"]


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "inode"])
def test_every_part_of_a_stamp_counts(field: str) -> None:
    """A file that differs in one part of its stamp is owed."""
    parts = {"size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1}
    seen = {"a": Stamp(**(parts | {field: 2}))}

    assert compare(seen, {"a": KnownFile(OLD, is_verified=True)}) == ["a"]


def test_only_regular_files_of_the_project_are_seen(tmp_path: Path) -> None:
    """Links, loops, fifos, sockets of names that cannot be stored: none of them is a file."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.py").write_text("a = 1\n")
    (tmp_path / "link.py").symlink_to("sub/a.py")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "sub/up").symlink_to("..")
    os.mkfifo(tmp_path / "pipe.py")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.py"))).write_text("x")

    assert set(survey(str(tmp_path))) == {"sub/a.py"}


def test_folders_that_never_hold_source_are_left_out(tmp_path: Path) -> None:
    """Packages of others and the insides of version control are no part of a project."""
    for path in ("a.py", "node_modules/x/i.js", "sub/node_modules/i.js", ".hg/store", "b/.svn/x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")

    assert set(survey(str(tmp_path))) == {"a.py"}


def test_a_path_through_a_link_is_not_seen(tmp_path: Path) -> None:
    """Where a link has taken the place of a folder, what it leads to is not in the project."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.py").write_text("s = 1\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "sub").symlink_to(tmp_path / "outside")

    assert stamps(str(root), ["sub/secret.py"]) == {}


def test_a_very_long_path_does_no_harm(tmp_path: Path) -> None:
    """A path longer than the kernel takes is left out like any file that cannot be read."""
    (tmp_path / "a.py").write_text("a = 1\n")

    assert set(stamps(str(tmp_path), ["d/" * 3000 + "x.py", "a.py"])) == {"a.py"}


def test_a_missing_root_is_an_error_and_not_an_empty_project(tmp_path: Path) -> None:
    """Nobody may conclude that every file was deleted."""
    with pytest.raises(FileNotFoundError):
        survey(str(tmp_path / "nowhere"))
