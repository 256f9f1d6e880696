"""Telling a removed worktree from a checkout whose disk is away.

Both look alike afterwards: there is nothing at the root. So while a worktree is there, the folder
in which its repository keeps its state is noted beside its memory; when that is gone as well and
the repository is not, git removed the worktree, and it does not come back.
"""

from __future__ import annotations

import os
from contextlib import suppress

from rtkq import paths

_POINTER = b"gitdir: "
#: A path and a few words; whoever puts more there is not git.
_LARGEST_BYTES = 8192


def note(home: str, root: str) -> None:
    """Note where the repository keeps the state of the worktree at *root*, if it is one."""
    state = _state_folder(root)
    if state and state != _noted(home, root):
        with open(_note_file(home, root), "wb") as stream:
            stream.write(os.fsencode(state))


def is_removed(home: str, root: str) -> bool:
    """Return whether *root* was a worktree and its repository knows it no more."""
    state = _noted(home, root)
    if not state or os.path.lexists(root):
        return False
    repository = os.path.dirname(os.path.dirname(state))
    return os.path.isdir(repository) and _content(f"{state}/gitdir") != f"{root}/.git"


def is_worktree(home: str, root: str) -> bool:
    """Return whether *root* was a worktree of another checkout's repository when last built."""
    return bool(_noted(home, root))


def _state_folder(root: str) -> str:
    """Return what the ``.git`` file of a worktree points to; empty for any other checkout."""
    pointer = _content(f"{root}/.git", after=_POINTER)
    state = os.path.realpath(os.path.join(root, pointer)) if pointer else ""
    # A submodule's .git is a file as well, but the repository behind it is its own.
    return state if state.rpartition("/")[0].endswith("/worktrees") else ""


def _noted(home: str, root: str) -> str:
    return _content(_note_file(home, root))


def _note_file(home: str, root: str) -> str:
    return f"{paths.checkout(home, root)}/worktree"


def _content(file: str, after: bytes = b"") -> str:
    """Return the path that stands in *file* behind the word *after*; empty without one."""
    with suppress(OSError):  # a folder, in a plain checkout
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            found = stream.read(_LARGEST_BYTES).rstrip(b"\n")
        if found.startswith(after):
            return os.fsdecode(found.removeprefix(after))
    return ""
