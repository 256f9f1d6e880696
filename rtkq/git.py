"""Reading git, with everything a hostile repository could run switched off.

Nothing here writes to a repository: no index refresh, no lock, no hook, no fsmonitor.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

#: For every call of git: nothing a repository brings along is run.
SAFE_OPTIONS = (
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.untrackedCache=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "log.showSignature=false",  # it would run what the repository calls gpg
    "-c",
    "log.showRoot=true",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
)
_CHANGES = {b"A": "added", b"D": "removed"}
_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")


def files(root: str) -> list[str] | None:
    """Return the paths that belong to the checkout at *root*, or None where git knows none.

    Tracked files and untracked ones that are not ignored, POSIX style and relative to *root*;
    they need not exist. Nested checkouts and names that are not UTF-8 are left out.
    """
    listed = _run(root, _LIST)
    return None if listed is None else _paths(listed)


def files_among(root: str, paths: Iterable[str]) -> set[str] | None:
    """Return those of *paths* that belong to the checkout at *root*, or None as ``files`` does."""
    wanted = list(paths)
    if not wanted:
        return set()
    listed = _run(root, ("--literal-pathspecs", *_LIST, "--", *wanted))
    return None if listed is None else set(_paths(listed)) & set(wanted)


def ignored_folders(root: str) -> set[str]:
    """Return the folders, relative to *root*, whose whole content git ignores."""
    listed = _run(
        root,
        ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"),
    )
    folders = (entry for entry in (listed or b"").split(b"\0") if entry.endswith(b"/"))
    return {os.fsdecode(folder[:-1]) for folder in folders}


def is_ignored(root: str, path: str) -> bool:
    """Return whether git ignores *path*, relative to *root*."""
    return _run(root, ("check-ignore", "--quiet", "--", path)) is not None


def tip(root: str) -> str:
    """Return what decides which commits count at *root*; empty without any.

    The commit that is checked out; in a shallow clone a space follows, and what changes when the
    clone is deepened.
    """
    told = _line(root, ("rev-parse", "--is-shallow-repository", "HEAD^{commit}"))
    is_shallow, _, commit = (told or "").partition("\n")
    if is_shallow != "true":
        return commit
    return f"{commit} {hashlib.sha256(_cut(root)).hexdigest()[:16]}"


def _cut(root: str) -> bytes:
    """Return the names of the commits whose parents a shallow clone left out, one a line."""
    try:
        with open(f"{common_dir(root)}/shallow", "rb") as stream:
            return stream.read()
    except OSError:
        return b""  # deepened in this very moment


#: No questions, no network for what a partial clone left out, and nothing that makes a name mean
#: another commit than it does elsewhere: what is known of a commit is shared by all checkouts.
_QUIET = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # for gits that do not know the line above
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
}
#: Some commits claim to come from a time that no database can hold.
_LAST_INSTANT = 1 << 40


class Commit(NamedTuple):
    """One commit as git tells it."""

    name: str
    #: Committer's time, seconds since the epoch.
    at: int
    message: str
    #: Paths it touched, relative to the root of the repository.
    paths: list[str]


def commit_names(root: str, tip: str, most: int) -> list[str]:
    """Return the newest commits reachable from a *tip*, without merges.

    Where a shallow clone ends, a commit seems to have made every file: it is left out.
    """
    commit, _, is_shallow = tip.partition(" ")
    if not commit:
        return []
    listed = _run(root, ("rev-list", "--no-merges", f"--max-count={most}", commit))
    names = (listed or b"").decode("ascii").split()
    ends = set(_cut(root).decode("ascii", "replace").split()) if is_shallow else set()
    return [name for name in names if name not in ends]


def commits(root: str, names: Sequence[str]) -> Iterator[Commit]:
    """Return the commits of these *names*; those git does not have are left out.

    The message is subject and body. A renamed file counts as touched under both names; a path
    with a line break in it is left out.
    """
    told = _run(
        root,
        (
            "log",
            "--no-walk=unsorted",
            "--stdin",
            "--ignore-missing",
            "--no-renames",
            "--name-only",
            "-z",
            "--format=%x00%H %ct%n%B",
        ),
        stdin="\n".join(names).encode(),
    )
    # NUL is the one character that neither a message nor a path can hold: one stands behind
    # either, and one more before each commit. A line break stands before the first path.
    for part in (told or b"").decode("utf-8", "replace").split("\0\0"):
        head, *paths = part.strip("\0").replace("\0\n", "\0", 1).split("\0")
        first, _, message = head.partition("\n")
        name, _, at = first.partition(" ")
        touched = [path for path in paths if "\n" not in path]
        if name:
            yield Commit(name, min(int(at), _LAST_INSTANT), message, touched)


def commit_of(root: str, revision: str) -> str | None:
    """Return the commit that *revision* (a name, a tag, ``HEAD~3``) means, or None for none."""
    if not revision.isprintable():
        return None
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return _line(root, words)


def changes_since(root: str, commit: str) -> list[tuple[str, str]] | None:
    """Return how the files of the checkout at *root* differ from those of a commit.

    Args:
        root: Real path of the checkout.
        commit: Name of a commit, as ``commit_of`` gives it.

    Returns:
        (path, added, modified or removed) in order of path, untracked files included; a renamed
        file is one removed and one added. None where git does not know.
    """
    words = ("diff", "--name-status", "--no-renames", "--ignore-submodules=all", "-z")
    told = _run(
        root,
        (*words, "--no-ext-diff", "--no-textconv", commit, "--"),
        settings=filters_off(_run(root, LIST_FILTERS) or b""),
    )
    new = _run(root, ("ls-files", "-z", "--others", "--exclude-standard"))
    if told is None or new is None:
        return None
    fields = told.split(b"\0")
    changes = dict.fromkeys(_paths(new), "added")
    for status, path in zip(fields[::2], fields[1::2], strict=False):
        for text in _paths(path):
            changes[text] = _CHANGES.get(status[:1], "modified")
    return sorted(changes.items())


#: Asks git by which settings it is told to send files through programs.
LIST_FILTERS = (
    "config",
    "-z",
    "--name-only",
    "--get-regexp",
    r"^filter\..*\.(clean|smudge|process|required)$",
)


def filters_off(listed: bytes) -> dict[str, str]:
    """Return settings that switch filters off, given the answer to ``LIST_FILTERS``."""
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    return {name: "false" if name.endswith(".required") else "" for name in names}


def git_dir(root: str) -> str | None:
    """Return the absolute folder of this checkout's own git state."""
    return _line(root, ("rev-parse", "--absolute-git-dir"))


def common_dir(root: str) -> str | None:
    """Return the absolute folder that all worktrees of the repository share."""
    return _line(root, ("rev-parse", "--path-format=absolute", "--git-common-dir"))


def origin(root: str) -> str:
    """Return the address that the checkout was cloned from; empty where there is none."""
    return _line(root, ("config", "--get", "remote.origin.url")) or ""


def worktrees(root: str) -> list[tuple[str, str]]:
    """Return (path, commit checked out there) of every worktree of the repository, main first."""
    told = _run(root, ("worktree", "list", "--porcelain")) or b""
    found = []
    for record in os.fsdecode(told).split("\n\n"):
        values = dict(line.partition(" ")[::2] for line in record.split("\n"))
        if "worktree" in values:
            found.append((values["worktree"], values.get("HEAD", "")))
    return found


def _paths(listed: bytes) -> list[str]:
    found = []
    for entry in listed.split(b"\0"):
        if entry and not entry.endswith(b"/"):
            try:
                found.append(entry.decode("utf-8"))
            except UnicodeDecodeError:
                continue
    return found


def _line(root: str, arguments: Sequence[str]) -> str | None:
    answer = _run(root, arguments)
    return os.fsdecode(answer.rstrip(b"\n")) if answer else None


def _run(
    root: str,
    arguments: Sequence[str],
    stdin: bytes = b"",
    settings: Mapping[str, str] | None = None,
) -> bytes | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # In the environment, for a name with "=" in it could not be given as an option.
    for number, (name, value) in enumerate((settings or {}).items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        environment["GIT_CONFIG_COUNT"] = str(number + 1)
    try:
        finished = subprocess.run(
            ["git", "-C", root, *SAFE_OPTIONS, *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A folder whose git was removed is no part of a checkout around it.
            env=environment | _QUIET | {"GIT_CEILING_DIRECTORIES": os.path.dirname(root)},
            check=False,
        )
    except OSError:
        return None
    return finished.stdout if finished.returncode == 0 else None
