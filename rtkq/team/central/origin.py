"""Which remote a checkout came from and what is checked out, read without starting git.

Only the plain ways are understood: a repository that keeps its references or settings elsewhere
has no remote or no commit here, and so no more than it would have without a team.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

from rtkq.team.remote import normalised

_LARGEST_BYTES = 8 * 1024 * 1024
_SECTION = re.compile(
    r'^\s*\[\s*remote\s+"origin"\s*\](.*?)(?=^\s*\[|\Z)', re.DOTALL | re.MULTILINE
)
_URL = re.compile(r"^\s*url\s*=\s*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)


def origin(root: str) -> str:
    """Return the remote ``origin`` of the checkout at *root*, normalised; empty without one."""
    file = os.path.join(_common_dir(_git_dir(root)), "config")
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return ""
    return _origin(file, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=1024)
def _origin(file: str, _stamp: tuple[int, ...]) -> str:
    section = _SECTION.search(_read(file))
    url = _URL.search(section[1]) if section else None
    return normalised(url[1].strip('"')) if url else ""


def head(root: str) -> str:
    """Return the commit that is checked out at *root*; empty where that is not known."""
    git_dir = _git_dir(root)
    told = _line(os.path.join(git_dir, "HEAD"))
    if not told.startswith("ref: "):
        return told
    name = told.removeprefix("ref: ")
    if name.startswith("/") or ".." in name:
        return ""
    common = _common_dir(git_dir)
    return _line(os.path.join(common, name)) or _packed(os.path.join(common, "packed-refs"), name)


def _packed(file: str, name: str) -> str:
    found = re.search(rf"^([0-9a-f]+) {re.escape(name)}$", _read(file), re.MULTILINE)
    return found[1] if found else ""


def _git_dir(root: str) -> str:
    folder = os.path.join(root, ".git")
    pointer = _line(folder)
    if pointer.startswith("gitdir: "):
        return os.path.join(root, pointer.removeprefix("gitdir: "))
    return folder


def _common_dir(git_dir: str) -> str:
    return os.path.join(git_dir, _line(os.path.join(git_dir, "commondir")))


def _line(file: str) -> str:
    return _read(file).partition("\n")[0]


def _read(file: str) -> str:
    """Return the text of a *file* of git's, without what is too long; empty without one."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        return os.read(descriptor, _LARGEST_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
