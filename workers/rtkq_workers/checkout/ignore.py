"""Which folders of a project nobody wants watched, and which files nobody wants to know of.

In a git checkout git itself is asked, once a reading; patterns are matched here only for folders
that are younger than the answer, and in projects without git. A wrong guess costs a watch or a
late notice, never a wrong memory: which files belong to a project is decided by ``scan``.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Set
from itertools import accumulate

from pathspec import GitIgnoreSpec

from rtkq import git, repository
from rtkq.extract.private import is_private

#: Folders that hold no source of a project, whatever its rules say.
_NEVER = (".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__")
_NEVER_INSIDE = re.compile(rf"(?:^|/)(?:{'|'.join(map(re.escape, _NEVER))})(?:/|$)")
_LARGEST_RULES_BYTES = 1024 * 1024


class Ignore:
    """The rules of one project, as they were when they were read.

    Paths are relative to the root, POSIX style; the root itself is the empty string.

    Args:
        root: Real path of the project.
        git_dir: The checkout's own git folder, or None without git.
        common_dir: The git folder that all worktrees share, or None without git.
        folders: The folders git ignores as a whole.
    """

    def __init__(
        self,
        root: str,
        *,
        git_dir: str | None = None,
        common_dir: str | None = None,
        folders: Set[str] = frozenset(),
    ) -> None:
        self.root = root
        self.git_dir = git_dir
        #: Where git writes when HEAD, the index or the rules move, by the names these folders
        #: have in a plain checkout; a worktree's lie elsewhere.
        self.git_folders: dict[str, str] = {}
        if git_dir is not None:
            self.git_folders |= {".git": git_dir, ".git/logs": f"{git_dir}/logs"}
        if common_dir is not None:
            self.git_folders |= {".git/info": f"{common_dir}/info"}
        self._folders = folders
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._excludes = _rules(f"{common_dir}/info/exclude") if common_dir else None

    @classmethod
    def read(cls, root: str) -> Ignore:
        """Return the rules that hold at *root* now, asking git where *root* is a checkout."""
        git_dir = git.git_dir(root) if is_checkout(root) else None
        if git_dir is None:
            return cls(root)
        return cls(
            root,
            git_dir=git_dir,
            common_dir=git.common_dir(root),
            folders=git.ignored_folders(root),
        )

    def skips(self, folder: str, *, is_new: bool = True) -> bool:
        """Return whether *folder* need not be watched, given that the one above it is.

        Args:
            folder: Any folder but the root.
            is_new: It may be younger than these rules, so git's answer does not cover it.
        """
        if is_never(folder) or folder in self._folders:
            return True
        if is_checkout(f"{self.root}/{folder}"):
            return True
        return (is_new or self.git_dir is None) and self._is_matched(f"{folder}/")

    def covers(self, path: str) -> bool:
        """Return whether the file at *path* is ignored, by itself or with a folder above it."""
        return any(self.skips(folder) for folder in _folders_above(path)) or self.ignores(path)

    def ignores(self, path: str) -> bool:
        """Return whether the file at *path* is ignored, given that its folder is not."""
        return self._is_matched(path)

    def _is_matched(self, path: str) -> bool:
        # As in git: the pattern file nearest to the path that has an opinion decides.
        for folder in reversed(["", *_folders_above(path.rstrip("/"))]):
            spec = self._spec(folder)
            if spec is not None:
                verdict = spec.check_file(path[len(folder) + 1 if folder else 0 :]).include
                if verdict is not None:
                    return verdict
        return bool(self._excludes and self._excludes.check_file(path).include)

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            self._specs[folder] = _rules(os.path.join(self.root, folder, ".gitignore"))
        return self._specs[folder]


def is_never(path: str) -> bool:
    """Return whether *path* is, or lies in, a folder that is left out of every project."""
    return _NEVER_INSIDE.search(path) is not None


def rules_of_repository(root: str) -> Callable[[str], bool]:
    """Return what tells whether the repository's own ``rtkq.toml`` leaves a file out."""
    patterns = repository.believed(root).ignore.paths
    lines = [line for line in patterns if _is_valid(line)]
    if not lines:
        return lambda _path: False
    spec = GitIgnoreSpec.from_lines(lines)
    return lambda path: bool(spec.check_file(path).include)


def is_left_out(path: str) -> bool:
    """Return whether the file at *path* is left out of every project.

    Secrets; and names that could not be shown as they are: control characters, line breaks, marks
    that turn the direction of writing, and the brackets of a tag.
    """
    is_plain = path.isprintable() and "<" not in path and ">" not in path
    return not is_plain or is_never(path) or is_private(path)


def is_checkout(folder: str) -> bool:
    """Return whether *folder* is the root of a git checkout (``.git`` is a file in worktrees)."""
    return os.path.lexists(f"{folder}/.git")


def _folders_above(path: str) -> Iterator[str]:
    folder = path.rpartition("/")[0]
    return accumulate(folder.split("/"), "{}/{}".format) if folder else iter(())


def _rules(file: str) -> GitIgnoreSpec | None:
    text = _read(file)
    if not text:
        return None
    lines = text.decode("utf-8", "surrogateescape").splitlines()
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return GitIgnoreSpec.from_lines(line for line in lines if _is_valid(line))


def _is_valid(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _read(file: str) -> bytes:
    # A repository may hold anything under this name: a fifo must not block, a link not lead away.
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    with open(descriptor, "rb") as stream:
        is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return stream.read(_LARGEST_RULES_BYTES) if is_regular else b""
