"""Mirrors of remotes: a bare repository and a checkout of one branch, kept by server workers.

Whoever works in a mirror holds a lock on it, and hands the lock to each git it starts, so it is
free only when the last of them has ended, however the worker did. Who finds one locked, by a
worker that is frozen or by what a killed one left running, takes the next: a mirror is never
shared, and a new one costs a clone.

Credentials are git's business: its helpers, ssh's agent, the settings of the user it runs as. It
asks nobody, and nothing in the repository that came with it is run.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from rtkq import git, paths
from rtkq.errors import MirrorError
from rtkq.store.database import private_folder
from rtkq.store.lock import taken

#: The branch that is kept, whatever the remote calls it.
_KEPT = "refs/heads/kept"
#: More workers of a home than that are not frozen in one project.
_MOST = 8
#: A clone of the largest repositories takes minutes; in seconds.
_LONGEST_S = 3600.0
_UNUSED_S = 7 * 86400.0
#: What would lead git elsewhere than into the mirror.
_MISLEADING = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_WORK_TREE",
)
_SETTINGS = {
    "LC_ALL": "C",
    # Nobody is there to be asked.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_LFS_SKIP_SMUDGE": "1",
    # A line that does not carry a kilobyte a second for a minute is dead.
    "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
}
_OPTIONS = (
    *git.SAFE_OPTIONS,
    "-c",
    "gc.autoDetach=false",  # or it would go on when the lock is free
    "-c",
    "maintenance.autoDetach=false",
    "-c",
    "submodule.recurse=false",
    "-c",
    "fetch.recurseSubmodules=false",
)
_AS_MIRROR = ("--quiet", "--bare", "--template=", "--initial-branch=none")
_CREDENTIALS = re.compile(r"//[^/@\s]*@")


class Mirror:
    """The mirror of one remote, held by this process."""

    def __init__(self, folder: str, lock: int, protocols: Sequence[str]) -> None:
        self.folder = folder
        self._lock = lock
        self._protocols = protocols

    @property
    def root(self) -> str:
        """The root of the checkout."""
        return f"{self.folder}/tree"

    @property
    def _repository(self) -> str:
        return f"{self.folder}/repository.git"

    @property
    def _here(self) -> str:
        return f"--git-dir={self._repository}"

    def fetch(self, url: str, branch: str) -> str:
        """Bring the repository up to date and return the commit that *branch* names there.

        Args:
            url: What git understands, without credentials.
            branch: Empty for the remote's default.

        Raises:
            MirrorError: The remote cannot be reached, or has no such branch.
        """
        self._git("init", *_AS_MIRROR, self._repository)
        source = f"refs/heads/{branch}" if branch else "HEAD"
        words = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force")
        self._git(self._here, *words, "--end-of-options", url, f"{source}:{_KEPT}")
        return self._git(self._here, "rev-parse", "--verify", f"{_KEPT}^{{commit}}").strip()

    def check_out(self, commit: str) -> None:
        """Let the checkout hold the files of *commit* and nothing else.

        Raises:
            MirrorError: It cannot, for want of room as a rule.
        """
        try:
            self._switch(commit)
        except MirrorError:
            # What a kill left half done is not worth mending.
            shutil.rmtree(self.root, ignore_errors=True)
            self._switch(commit)

    def is_whole(self) -> bool:
        """Return whether everything that the kept branch needs is there and readable."""
        try:
            self._git(self._here, "fsck", "--connectivity-only", "--no-dangling", _KEPT)
        except MirrorError:
            return False
        return True

    def discard(self) -> None:
        """Throw away what is here; the next fetch clones."""
        shutil.rmtree(self._repository, ignore_errors=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def _switch(self, commit: str) -> None:
        if not os.path.exists(f"{self.root}/.git"):
            shutil.rmtree(self.root, ignore_errors=True)
            self._git(self._here, "worktree", "prune")
            words = ("worktree", "add", "--quiet", "--detach", "--no-checkout")
            self._git(self._here, *words, self.root, commit)
        with suppress(FileNotFoundError):
            os.unlink(f"{self._repository}/worktrees/tree/index.lock")  # a kill left it
        words = ("checkout", "--quiet", "--force", "--detach", commit)
        self._git("-C", self.root, *self._without_filters(), *words)
        self._git("-C", self.root, "clean", "-ffdxq")

    def _without_filters(self) -> list[str]:
        listed = b""
        with suppress(MirrorError):  # git's word for that there are none
            listed = os.fsencode(self._git("-C", self.root, *git.LIST_FILTERS))
        off = git.filters_off(listed).items()
        return [word for name, value in off for word in ("-c", f"{name}={value}")]

    def _git(self, *words: str) -> str:
        """Run git and return what it printed."""
        environment = {key: value for key, value in os.environ.items() if key not in _MISLEADING}
        environment |= _SETTINGS | {"GIT_ALLOW_PROTOCOL": ":".join(self._protocols)}
        with subprocess.Popen(
            ["git", *_OPTIONS, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # Without a terminal ssh has nobody to ask either.
            start_new_session=True,
            pass_fds=(self._lock,),
        ) as process:
            try:
                told, complaint = process.communicate(timeout=_LONGEST_S)
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise MirrorError(_reason(complaint), "try it as the user that runs the server worker")
        return os.fsdecode(told)


@contextmanager
def held(home: str, remote: str, protocols: Sequence[str]) -> Iterator[Mirror]:
    """Hold a mirror of *remote* that nobody else uses, an empty one if need be.

    Args:
        home: Folder for everything rtkq stores.
        remote: As ``team.remote`` spells it.
        protocols: Those that git may use, such as https and ssh.

    Raises:
        MirrorError: All are in use.
    """
    for number in range(_MOST):
        folder = f"{paths.mirror(home, remote)}/{number}"
        private_folder(folder)
        lock = taken(f"{folder}/lock")
        if lock is not None:
            try:
                os.utime(lock)
                yield Mirror(os.path.realpath(folder), lock, protocols)
            finally:
                os.close(lock)
            return
    raise MirrorError(
        f"all {_MOST} mirrors of {remote} are in use", "look for workers or gits that hang"
    )


def discard_unused(home: str, now: float) -> None:
    """Delete the mirrors that nobody worked in for a week; another use costs a clone.

    Args:
        home: Folder for everything rtkq stores.
        now: Seconds since the epoch.
    """
    for file in glob.glob(f"{glob.escape(paths.mirrors_folder(home))}/*/*/lock"):
        folder = os.path.dirname(file)
        if now - os.stat(file).st_mtime > _UNUSED_S and (lock := taken(file)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # another one is beside it
                os.rmdir(os.path.dirname(folder))
            os.close(lock)


def _reason(complaint: bytes) -> str:
    """Return what git said last, without what could be a credential."""
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))] or lines
    return _CREDENTIALS.sub("//…@", telling[0]) if telling else "git failed without a word"
