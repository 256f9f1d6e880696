"""Projects that change in any way files and git allow, drawn by hypothesis.

A change is a tuple, a name and what it is done with, so a failing example reads as a story. What
cannot be done where the story has led (nothing to rename, a conflict) does nothing, or leaves
the half-done state that git leaves: that is one more state to be right in.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st

from rtkq.store import facts
from rtkq_workers.checkout import scan

Change = tuple[str, ...]

#: Where a project begins.
STARTS = st.sampled_from(["checkout", "clone", "shallow", "worktree", "folder"])

_FOLDERS = ("", "src/", "src/core/", "lib/", "tests/", "docs/", "web/")
_NAMES = ("a.py", "b.py", "__init__.py", "test_a.py", "a.ts", "index.ts", "a.go", "a.rs", "x.md")
_ODD = ("A.py", "src/a.py/in.py", "файл.py", "two words.py", 'q"t.py', "-d.py", "s*.py", "[ab].py")
_ODD += ("pixels.png", "Makefile", "package.json", "src/b.py.bak", "build/out.py", "\udcff.py")
_STEMS = ("a", "b", "core", "lib", "src")
_WORDS = ("alpha", "betaGamma", "delta_total", "SessionStore", "очередь", "evict_cache")
_PATTERNS = ("*.py", "src/", "/lib", "!src/a.py", "build/", "a.*", "docs/*.md\n!docs/x.md", "")
_BRANCHES = ("main", "topic", "other")
_OLDER = ("HEAD~1", "HEAD~2", "main", "topic", "mark")
_PLACES = (".claude/worktrees/one", "../two")
#: Enough files that a few changes are paid in place and some lists have a tail.
_BEGINNING = 140
#: Enough commits that one more is followed in place.
_COMMITS_MADE = 42

#: A file system in memory, where there is one: waiting for the disk takes most of the time.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

_RENDERED = {
    ".py": ("import {}\nfrom .{} import x\n", "def {}(a):\n    return {}\n"),
    ".ts": ("import {{ x }} from './{}';\n", "export function {}(a: T): void {{ {} }}\n"),
    ".go": ('package p\nimport "example.org/m/{}"\n', "func {}(a int) {{ {} }}\n"),
    ".rs": ("use crate::{};\n", "pub fn {}(a: u8) {{ {} }}\n"),
}


def drawn(examples: int) -> settings:
    """Return settings for so many *examples*, always the same ones.

    ``GENERATED_EXAMPLES`` in the environment asks for so many others, never seen before: for long
    runs by hand.
    """
    wished = int(os.environ.get("GENERATED_EXAMPLES", "0"))
    return settings(
        deadline=None, derandomize=not wished, max_examples=wished or examples, database=None
    )


def _content() -> st.SearchStrategy[str]:
    """Return a few stems to import and words to define, as one string."""
    imported = st.lists(st.sampled_from(_STEMS), max_size=2)
    defined = st.lists(st.sampled_from(_WORDS), max_size=6)
    return st.builds(lambda one, two: " ".join([*one, *two]), imported, defined)


_path = st.sampled_from([folder + name for folder in _FOLDERS for name in _NAMES] + [*_ODD])
_folder, _word, _pattern = map(st.sampled_from, (_FOLDERS[1:], _WORDS, _PATTERNS))
_branch, _older, _place = map(st.sampled_from, (_BRANCHES, _OLDER, _PLACES))

_FILES: list[tuple[str | st.SearchStrategy[str], ...]] = [
    ("write", _path, _content()),
    ("write", _path, _content()),
    ("write", _path, _content()),
    ("append", _path, _word),
    ("delete", _path),
    ("delete", _path),
    ("rename", _path, _path),
    ("rename", _path, _path),
    ("rename", _folder, _folder),
    ("rename", _folder, st.just("moved/")),
    ("rename", st.just("moved/"), _folder),
    ("swap", _path, _path),
    ("disguise", _path),
    ("touch", _path),
    ("link", _path, _path),
    ("link", _folder, _folder),
    ("bury", _path),
    ("lock", _path),
    ("lock", _folder),
    ("unlock", _path),
    ("unlock", _folder),
    ("ignore", st.sampled_from(["", "src/", "docs/"]), _pattern),
    ("exclude", _pattern),
    ("nest", _folder),
    ("nest_committed", _folder),
    ("unnest", _folder),
    ("flood", _folder),
    ("drain",),
    ("replace_root",),
    ("drop_git",),
    ("init_git",),
    ("init_git",),
]
_GIT: list[tuple[str | st.SearchStrategy[str], ...]] = [
    ("commit", "-qam", _word),
    ("commit", "-q", "--amend", "-m", _word),
    ("switch", "-qc", _branch),
    ("switch", "-qf", _branch),
    ("switch", "-qf", _branch),
    ("switch", "-q", "--orphan", "orphan"),
    ("checkout", "-qf", "--detach", _older),
    ("merge", "-q", "--no-edit", _branch),
    ("merge", "-q", "--no-edit", "-X", "ours", _branch),
    ("merge", "--abort"),
    ("rebase", "-q", "--autostash", _branch),
    ("rebase", "-q", "--autostash", "--onto", "HEAD~2", "HEAD~1"),
    ("rebase", st.sampled_from(["--abort", "--skip"])),
    ("cherry-pick", "-X", "theirs", _older),
    ("revert", "--no-edit", "HEAD"),
    ("reset", "-q", st.sampled_from(["--hard", "--soft", "--mixed"]), _older),
    ("update-ref", "HEAD", "HEAD~1"),
    ("stash", "-q", "-u"),
    ("stash", "pop", "-q"),
    ("tag", "-f", "mark"),
    ("rm", "-rqf", "--cached", _path),
    ("mv", _path, _path),
    ("clean", "-fdq"),
    ("sparse-checkout", "set", "src"),
    ("sparse-checkout", "disable"),
    ("replace", "-f", "HEAD~1", "HEAD"),
    ("config", "log.showRoot", "false"),
    ("gc", "-q", "--prune=now"),
    ("fetch", "-q", st.sampled_from(["--unshallow", "--deepen=2", "--depth=1"])),
    ("pull", "-q", "--rebase", "--autostash"),
    ("push", "-q", "-f", "origin", "HEAD:main"),
]
_COMMITS: list[tuple[str | st.SearchStrategy[str], ...]] = [("commit", _word)]
_TREES: list[tuple[str | st.SearchStrategy[str], ...]] = [
    ("add_worktree", _place),
    ("remove_worktree", _place),
]
#: How often each kind comes, of ten.
_KINDS = [*[_FILES] * 5, *[[("git", *words) for words in _GIT]] * 2, *[_COMMITS] * 2, _TREES]


def changes() -> st.SearchStrategy[Change]:
    """Return what may happen to a project."""
    # Not one_of, which gives every alternative the same chance, however often it is named.
    return st.sampled_from(_KINDS).flatmap(st.sampled_from).flatmap(_change)


def _change(words: tuple[str | st.SearchStrategy[str], ...]) -> st.SearchStrategy[Change]:
    return st.tuples(*(st.just(word) if isinstance(word, str) else word for word in words))


class Generated:
    """A project in a folder of its own, with a home beside it; changed by `apply`."""

    def __init__(self, start: str) -> None:
        self.top = os.path.realpath(tempfile.mkdtemp(prefix="rtkq-generated-", dir=_MEMORY))
        self.home = f"{self.top}/home"
        self.root = f"{self.top}/project"
        self._second = 1_700_000_000
        self._environment = os.environ | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": self.top,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_EDITOR": "true",
        }
        _begin[start](self)

    def remove(self) -> None:
        """Delete everything."""
        subprocess.run(["chmod", "-R", "u+rwX", self.top], check=False, capture_output=True)
        shutil.rmtree(self.top, ignore_errors=True)

    def roots(self) -> list[str]:
        """Return the checkouts that exist now, the project first."""
        beside = (os.path.normpath(f"{self.root}/{place}") for place in _PLACES)
        return [self.root, *(root for root in beside if os.path.isdir(root))]

    def apply(self, change: Change) -> None:
        """Do what *change* says, if it can be done."""
        with suppress(OSError, shutil.Error):
            getattr(self, change[0])(*change[1:])

    # -- files -----------------------------------------------------------------------------

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}".rstrip("/")

    def write(self, path: str, content: str) -> None:
        """Write a source file that imports and defines what *content* names."""
        file = self._at(path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(_rendered(path, content.split()))

    def append(self, path: str, word: str) -> None:
        """Add a word to a file, or to a new one."""
        with open(self._at(path), "a", encoding="utf-8") as stream:
            stream.write(f"# {word}\n")

    def delete(self, path: str) -> None:
        """Delete a file."""
        os.unlink(self._at(path))

    def rename(self, path: str, other: str) -> None:
        """Give a file or a folder another name."""
        os.makedirs(os.path.dirname(self._at(other)), exist_ok=True)
        os.rename(self._at(path), self._at(other))

    def swap(self, path: str, other: str) -> None:
        """Let two files take each other's place, stamps and all."""
        os.rename(self._at(path), self._at("swapped"))
        os.rename(self._at(other), self._at(path))
        os.rename(self._at("swapped"), self._at(other))

    def disguise(self, path: str) -> None:
        """Change bytes of a file, and set back its time."""
        file = self._at(path)
        before = os.lstat(file)
        with open(file, "r+b") as stream:
            data = stream.read().replace(b"alpha", b"gamma").replace(b"evict", b"alpha")
            stream.seek(0)
            stream.write(data)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def touch(self, path: str) -> None:
        """Give a file another time, and the same content."""
        os.utime(self._at(path), ns=(1, 1_000_000_007))

    def link(self, path: str, target: str) -> None:
        """Put a symbolic link in the place of whatever is there."""
        file = self._at(path)
        if os.path.lexists(file):
            shutil.rmtree(file) if os.path.isdir(file) else os.unlink(file)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        os.symlink(self._at(target), file)

    def bury(self, path: str) -> None:
        """Put a folder with a file in the place of a file, or a file in that of a folder."""
        file = self._at(path)
        if os.path.isdir(file):
            shutil.rmtree(file)
            self.write(path, "alpha")
        else:
            os.unlink(file)
            self.write(f"{path}/in.py", "b betaGamma")

    def lock(self, path: str) -> None:
        """Take every permission away from a file or a folder."""
        os.chmod(self._at(path), 0)

    def unlock(self, path: str) -> None:
        """Give the permissions back."""
        os.chmod(self._at(path), 0o755)

    def ignore(self, folder: str, pattern: str) -> None:
        """Replace the rules of a folder."""
        with open(f"{self._at(folder)}/.gitignore", "w", encoding="utf-8") as stream:
            stream.write(f"{pattern}\n")

    def exclude(self, pattern: str) -> None:
        """Replace the rules that no commit carries."""
        with open(self._at(".git/info/exclude"), "w", encoding="utf-8") as stream:
            stream.write(f"{pattern}\n")

    def flood(self, folder: str) -> None:
        """Write more files at once than are paid in place."""
        for number in range(310):
            self.write(f"{folder}flood/f{number}.md", f"flood {number}")

    def drain(self) -> None:
        """Delete nearly everything."""
        for folder in _FOLDERS[1:]:
            shutil.rmtree(self._at(folder), ignore_errors=True)

    def replace_root(self) -> None:
        """Put a copy in the place of the whole project."""
        shutil.copytree(self.root, f"{self.top}/copy", symlinks=True)
        shutil.rmtree(self.root)
        os.rename(f"{self.top}/copy", self.root)

    # -- git -------------------------------------------------------------------------------

    def git(self, *words: str) -> None:
        """Run git in the project; it may fail."""
        self._git(self.root, *words)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def nest(self, folder: str) -> None:
        """Make a folder a checkout of its own that has no commit yet."""
        self._git(self._at(folder), "init", "-q")

    def nest_committed(self, folder: str) -> None:
        """Make a folder a checkout of its own."""
        self.nest(folder)
        self._git(self._at(folder), "add", "-A")
        self._git(self._at(folder), "commit", "-qm", "nested", "--allow-empty")

    def unnest(self, folder: str) -> None:
        """Make a nested checkout a plain folder."""
        shutil.rmtree(self._at(f"{folder}.git"))

    def drop_git(self) -> None:
        """Make the project a folder without git."""
        os.rename(self._at(".git"), f"{self.top}/dropped")

    def init_git(self) -> None:
        """Give the project its git back, or a new one."""
        if os.path.lexists(f"{self.top}/dropped"):
            os.rename(f"{self.top}/dropped", self._at(".git"))
        else:
            self.git("init", "-qb", "main")

    def add_worktree(self, place: str) -> None:
        """Check out another worktree."""
        self.git("worktree", "add", "-qf", "--detach", place)

    def remove_worktree(self, place: str) -> None:
        """Remove a worktree."""
        self.git("worktree", "remove", "-f", place)

    def _git(self, folder: str, *words: str) -> None:
        self._second += 5000
        date = dict.fromkeys(_DATES, f"@{self._second} +0000")
        subprocess.run(
            ["git", "-C", folder, *_FAST, *words],
            env=self._environment | date,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    # -- beginnings ------------------------------------------------------------------------

    def _begin_folder(self) -> None:
        for number in range(_BEGINNING):
            folder = _FOLDERS[number % 7]
            self.write(f"{folder}part{number}.py", f"part{number - 1} alpha part_{number}")
        for folder in _FOLDERS:
            for name in _NAMES:
                self.write(folder + name, f"a core alpha {_WORDS[len(name) % 6]}")

    def _begin_checkout(self) -> None:
        made = f"{_made_once().name}/checkout"
        if os.path.isdir(made):
            shutil.copytree(made, self.root, symlinks=True)
            return
        self._begin_folder()
        self.git("init", "-qb", "main")
        self.commit("Start with all parts")
        for number in range(_COMMITS_MADE):
            word = _WORDS[number % len(_WORDS)]
            self.append("src/a.py", word)
            self.append(f"{_FOLDERS[number % 7]}part{number}.py", word)
            self.commit(f"Touch {word} of part {number}")
        self.git("branch", "topic", "HEAD~2")
        shutil.copytree(self.root, made, symlinks=True)

    def _begin_clone(self, *options: str) -> None:
        self._begin_checkout()
        origin = f"{self.top}/origin.git"
        self._git(self.top, "clone", "-q", "--bare", self.root, origin)
        shutil.rmtree(self.root)
        self._git(self.top, "clone", "-q", *options, f"file://{origin}", self.root)

    def _begin_shallow(self) -> None:
        self._begin_clone("--depth=2")

    def _begin_worktree(self) -> None:
        self._begin_checkout()
        os.rename(self.root, f"{self.top}/main")
        self._git(f"{self.top}/main", "worktree", "add", "-q", "-b", "tree", self.root)


@functools.cache
def _made_once() -> tempfile.TemporaryDirectory[str]:
    """Return the folder for what is made once; it is gone with this process."""
    return tempfile.TemporaryDirectory(prefix="rtkq-generated-", dir=_MEMORY)


_DATES = ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")
_FAST = (
    *("-c", "user.name=test", "-c", "user.email=test@example.org"),
    *("-c", "gc.auto=0", "-c", "core.fsync=none", "-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.file.allow=always", "-c", "commit.gpgSign=false"),
)
_begin: dict[str, Callable[[Generated], None]] = {
    "folder": Generated._begin_folder,
    "checkout": Generated._begin_checkout,
    "clone": Generated._begin_clone,
    "shallow": Generated._begin_shallow,
    "worktree": Generated._begin_worktree,
}


def _rendered(path: str, words: list[str]) -> str:
    imports, definition = _RENDERED.get(os.path.splitext(path)[1], ("", "{} {}\n"))
    told = [word for word in words if word not in _STEMS]
    heads = [imports.replace("{}", word) for word in words if word in _STEMS]
    return "".join(heads) + "".join(definition.format(word, word) for word in told)


def is_there(root: str) -> bool:
    """Return whether there is a folder to build a memory of."""
    return scan.identity(root) is not None


def close_facts() -> None:
    """Close the facts of homes that are gone: a process that serves one home never has to."""
    for known in facts._open.values():
        known.database.close()
    facts._open.clear()
