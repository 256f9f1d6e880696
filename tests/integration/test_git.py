"""What git tells is read as it is, however a path or a message is spelled."""

from __future__ import annotations

from rtkq import git
from tests.conftest import Checkout

AWKWARD = ['say "hi".py', "tab\there.py", "back\\slash.py", "Überblick/каталог.py", " first.py"]


def test_commits_tell_awkward_paths_as_they_are(checkout: Checkout) -> None:
    """Git would quote them as C does, and a quoted path is no file's: it had no history."""
    for path in AWKWARD:
        checkout.write(path, "x = 1\n")
    checkout.commit("Add awkward names\n\nSee below.")

    (told,) = git.commits(checkout.root, [checkout.git("rev-parse", "HEAD").strip()])

    assert sorted(told.paths) == sorted(AWKWARD)
    assert told.message == "Add awkward names\n\nSee below.\n"


def test_commits_are_told_apart(checkout: Checkout) -> None:
    """Some touch files, some touch none, and one has a path that no line can hold."""
    checkout.commit("nothing")
    checkout.commit("nothing again")
    checkout.write("two\nlines.py", "x = 1\n")
    checkout.write("zero.py", "x = 1\n")
    checkout.commit("two files")
    names = checkout.git("rev-list", "HEAD").split()

    told = {one.message.strip(): one.paths for one in git.commits(checkout.root, names)}

    assert [len(told[message]) for message in ("nothing", "nothing again", "start")] == [0, 0, 5]
    assert told["two files"] == ["zero.py"]
