"""Commands of a shell count for what their plain words say they look at, and no more."""

from __future__ import annotations

import pytest

from rtkq.transcripts import shell


@pytest.mark.parametrize(
    "command",
    [
        "grep -rn token shop | head",
        "cd shop && rg -n mail",
        "find . -name '*.py'",
        "git grep -n token",
        "ls",
        "LC_ALL=C ls -la shop",
        "make test\ngrep -c FAIL log.txt",
    ],
)
def test_searching_and_listing_is_exploring(command: str) -> None:
    """No file is opened by it."""
    assert shell.look(command, "/shop") == shell.Look(is_exploratory=True)


@pytest.mark.parametrize(
    ("command", "opened"),
    [
        ("cat a.py 'b c.py'", ["/shop/a.py", "/shop/b c.py"]),
        ("sed -n 1,5p lib/a.py", ["/shop/lib/a.py"]),
        ("cd lib; head -n 3 a.py", ["/shop/lib/a.py"]),
        ("cat ../other/a.py && tail -5 /etc/hosts", ["/other/a.py", "/etc/hosts"]),
        ("nl -ba a.py | sed -n 10,20p", ["/shop/a.py"]),
    ],
)
def test_reading_opens_files(command: str, opened: list[str]) -> None:
    """By absolute path, from where the command runs."""
    assert shell.look(command, "/shop") == shell.Look(is_exploratory=True, opened=opened)


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q | tail -5",
        "make 2>&1 | grep error",
        "git status --short",
        "git",
        "python -c 'print(1)' > out.txt",
        "cat",
        "cat $FILE *.py",
        "echo 'unfinished",
        "",
    ],
)
def test_anything_else_is_no_look(command: str) -> None:
    """Filters, programs and what does not parse are not guessed at."""
    assert shell.look(command, "/shop") == shell.Look()


def test_sed_in_place_is_an_edit() -> None:
    """The one reader that can write."""
    assert shell.look("sed -i s/a/b/ a.py", "/shop") == shell.Look(edited=["/shop/a.py"])
