"""What is on the disk, and how it differs from what a memory believes.

This is the truth behind the events: they say when to look, only this says what changed. Nothing
here writes anywhere. Regular files alone count: no links, fifos or submodules; what cannot be
read or vanishes while being looked at is left out.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from rtkq import git as git_
from rtkq.records import KnownFile, Stamp
from rtkq_workers.checkout.ignore import Ignore, is_checkout, is_left_out, rules_of_repository


def survey(root: str, *, git: bool = True) -> dict[str, Stamp]:
    """Return every file that belongs to the project at *root*, with its stamp.

    Args:
        root: Real path of the project.
        git: Ask git which files belong; False walks the folders and reads ``.gitignore`` files,
            as is done where there is no git.

    Returns:
        Path relative to *root* → stamp. Names that are not UTF-8 are left out: SQLite's text
        cannot hold them.

    Raises:
        FileNotFoundError: *root* is no folder, or was replaced while it was being looked at; an
            answer would have called everything deleted.
    """
    before = identity(root)
    listed = git_.files(root) if git and is_checkout(root) else None
    seen = stamps(root, _walk(Ignore(root)) if listed is None else listed)
    if before is None or identity(root) != before:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
    return seen


def belonging(root: str, paths: Iterable[str], ignore: Ignore | None = None) -> dict[str, Stamp]:
    """Return those of *paths* that belong to the project at *root*, with their stamps.

    The same question as ``survey`` answers, for some paths only.

    Args:
        root: Real path of the project.
        paths: Relative to *root*; need not exist.
        ignore: The rules that hold there, where they are known; used without git.
    """
    wanted = list(paths)
    listed = git_.files_among(root, wanted) if is_checkout(root) else None
    if listed is not None:
        return stamps(root, listed)
    rules = ignore or Ignore(root)
    return stamps(root, (path for path in wanted if not rules.covers(path)))


def compare(seen: Mapping[str, Stamp], known: Mapping[str, KnownFile]) -> list[str]:
    """Return the owed paths, sorted: new, gone, different, or not verified.

    Args:
        seen: What is on the disk.
        known: What the memory believes; of the same paths as were looked at.
    """
    changed = (path for path, stamp in seen.items() if not _is_believed(stamp, known.get(path)))
    gone = (path for path in known if path not in seen)
    return sorted((*changed, *gone))


def stamps(root: str, paths: Iterable[str]) -> dict[str, Stamp]:
    """Return the stamps of those *paths* that are regular files inside *root*."""
    seen: dict[str, Stamp] = {}
    own = rules_of_repository(root)
    is_real: dict[str, bool] = {"": True}
    for path in paths:
        if is_left_out(path) or own(path) or not _is_inside(root, path.rpartition("/")[0], is_real):
            continue
        status = _status(f"{root}/{path}")
        if status is not None and stat.S_ISREG(status.st_mode):
            seen[path] = Stamp.of(status)
    return seen


def identity(root: str) -> tuple[int, int] | None:
    """Return what tells the folder at *root* from a later one of that name; None without one."""
    status = _status(root)
    if status is None or not stat.S_ISDIR(status.st_mode):
        return None
    return status.st_dev, status.st_ino


def _is_believed(stamp: Stamp, known: KnownFile | None) -> bool:
    return known is not None and known.is_verified and known.stamp == stamp


def _is_inside(root: str, folder: str, is_real: dict[str, bool]) -> bool:
    # git lists tracked files even where a link has taken the place of a folder above them.
    if folder not in is_real:
        for above in accumulate(folder.split("/"), "{}/{}".format):
            is_real.setdefault(above, identity(f"{root}/{above}") is not None)
            if not is_real[above]:
                is_real[folder] = False
                break
    return is_real[folder]


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate in the path
        return None


def _walk(ignore: Ignore) -> Iterator[str]:
    pending = [""]
    while pending:
        folder = pending.pop()
        place = os.path.join(ignore.root, folder)
        prefix = f"{folder}/" if folder else ""
        yield from (prefix + name for name in files_in(place) if not ignore.ignores(prefix + name))
        pending += (prefix + name for name in folders_in(place) if not ignore.skips(prefix + name))


def files_in(folder: str) -> list[str]:
    """Return the names in *folder* that are no folders; none where it cannot be read."""
    return [entry.name for entry in _entries(folder) if not _is_folder(entry)]


def folders_in(folder: str) -> list[str]:
    """Return the names of the folders in *folder*, links left out."""
    return [entry.name for entry in _entries(folder) if _is_folder(entry)]


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if _is_text(entry.name)]
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_text(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)
