"""Where a checkout came from, read as git wrote it and without starting git."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtkq.team.central.origin import head, origin

COMMIT = "1234567890abcdef1234567890abcdef12345678"


def written(root: Path, **files: str) -> str:
    """Write files of ``.git``, dashes and slashes spelled as ``_`` and ``__``; return the root."""
    for name, text in files.items():
        file = root / ".git" / name.replace("__", "/").replace("_", "-")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('[remote "origin"]\n\turl = git@example.org:a/b.git\n', "example.org/a/b"),
        ('[core]\n\tbare = false\n[remote "origin"]\n\tfetch = +x\n\tURL=https://example.org/a/b\n',
         "example.org/a/b"),
        ('[remote "other"]\n\turl = https://example.org/c\n[remote "origin"]\n\tfetch = +x\n'
         '[branch "main"]\n\turl = https://example.org/d\n', ""),
        ('[remote "origin"]\n\turl = "https://example.org/a b"\n', "example.org/a b"),
        ('[remote "origin"]\n\turl = ssh://git@[::1]/a/b\n[core]\n', "::1/a/b"),
        ("", ""),
    ],
)  # fmt: skip
def test_origin_is_found_among_the_settings(tmp_path: Path, config: str, expected: str) -> None:
    """And no other remote is taken for it."""
    assert origin(written(tmp_path, config=config)) == expected


def test_origin_that_changes_is_read_again(tmp_path: Path) -> None:
    """A fork that moves is another project."""
    root = written(tmp_path, config='[remote "origin"]\nurl = https://example.org/old\n')
    assert origin(root) == "example.org/old"

    written(tmp_path, config='[remote "origin"]\nurl = https://example.org/newer\n')

    assert origin(root) == "example.org/newer"


def test_folder_without_git_has_neither(tmp_path: Path) -> None:
    """Nor has one that is not there."""
    for root in (str(tmp_path), f"{tmp_path}/gone", "\0"):
        assert (origin(root), head(root)) == ("", "")


def test_commit_is_found_by_its_branch(tmp_path: Path) -> None:
    """In a file of its own, which counts more, or among the packed ones."""
    packed = f"# pack-refs\n{COMMIT[::-1]} refs/heads/main-old\n{COMMIT} refs/heads/main\n"
    root = written(tmp_path, HEAD="ref: refs/heads/main\n", packed_refs=packed)
    assert head(root) == COMMIT

    written(tmp_path, refs__heads__main=f"{COMMIT[::-1]}\n")

    assert head(root) == COMMIT[::-1]


@pytest.mark.parametrize("told", ["ref: ../../secret", "ref: /etc/hostname", ""])
def test_head_leads_to_references_only(tmp_path: Path, told: str) -> None:
    """A repository that somebody else wrote is not believed."""
    assert head(written(tmp_path, HEAD=told)) == ""
