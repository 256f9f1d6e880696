"""Change a settings file that other programs read and write at the same time.

The rule: read, compute, write beside the real file, look again, rename, and start over until what
is on the disk is what it should be. A lock keeps our own processes apart; the looking again is
for those who know nothing of it. Readers see the old file or the new one, never a part.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from rtkq import paths
from rtkq.errors import AgentError

#: What a file holds; ``None`` is no file.
Content = bytes | None
#: From what a file holds to what it should hold. What it returns, it must leave alone.
Transform = Callable[[Content], Content]

_BOM = "\ufeff"
#: Another program would have to rewrite the file in just that moment as often.
_TRIES = 20
_MODE_OF_FOLDERS = 0o755


def change(
    path: Path,
    transform: Transform,
    *,
    home: str,
    mode: int,
    before_writing: Callable[[Content, bytes], None] = lambda _before, _after: None,
) -> tuple[Content, Content]:
    """Make the file at *path* hold what *transform* makes of it.

    Args:
        path: May be a symbolic link, which stays, and need not exist.
        transform: Called again whenever somebody else wrote meanwhile.
        home: ``$RTKQ_HOME``, for the lock; not touched when there is nothing to do.
        mode: Permissions of a file that is new.
        before_writing: Is told what there is and what will replace it.

    Returns:
        What the file held before the change, and what it holds now.

    Raises:
        AgentError: The file cannot be changed.
    """
    first = read(path)
    if transform(first) == first:
        return first, first
    with _locked(home):
        for _ in range(_TRIES):
            before = read(path)
            after = transform(before)
            if after == before:
                return first, after
            first = before
            _refuse_protected(path)
            if after is not None:
                before_writing(before, after)
            try:
                _replace(Path(os.path.realpath(path)), before, after, mode)
            except OSError as error:
                raise _unwritable(path, error.strerror or str(error)) from error
    raise AgentError(
        f"changing {path} failed: another program rewrites it all the time",
        "end that program and try again",
    )


def read(path: Path) -> Content:
    """Return what the file at *path* holds, ``None`` when there is none.

    Raises:
        AgentError: It cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise AgentError(f"{path} is no file", "move it away and try again")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AgentError(
            f"reading {path} failed: {error.strerror}", "make it readable for you"
        ) from error


def decoded(content: bytes) -> str:
    """Return *content* as text, without the byte order mark it may begin with.

    Raises:
        ValueError: It is not UTF-8.
    """
    try:
        return content.decode().removeprefix(_BOM)
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def encoded(text: str, before: Content) -> bytes:
    """Return *text* as bytes, with a byte order mark if there was one *before*."""
    mark = _BOM if before and before.startswith(_BOM.encode()) else ""
    return (mark + text).encode()


@contextlib.contextmanager
def _locked(home: str) -> Iterator[None]:
    file = Path(paths.lock_file(home, "agents"))
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(file, "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _refuse_protected(path: Path) -> None:
    """Refuse a file that its owner made read-only: a rename would not ask."""
    with contextlib.suppress(FileNotFoundError):
        if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise _unwritable(path, "it is read-only")


def _unwritable(path: Path, reason: str) -> AgentError:
    return AgentError(
        f"changing {path} failed: {reason}", f"make it writable and try again: chmod u+w {path}"
    )


def _replace(target: Path, before: Content, after: Content, mode: int) -> None:
    """Put *after* in the place of *before*, or do nothing where that is not there any more."""
    if after is None:
        if read(target) == before:
            target.unlink()
        return
    target.parent.mkdir(mode=_MODE_OF_FOLDERS, parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.rtkq-{os.getpid()}")
    try:
        _write(staged, after)
        _take_after(target, staged, mode)
        if read(target) == before:
            staged.replace(target)
            _sync_folder(target.parent)
    finally:
        staged.unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)  # of a process of this number that was killed
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _take_after(target: Path, staged: Path, mode: int) -> None:
    """Give *staged* the permissions and the owner of *target*."""
    try:
        status = target.stat()
    except FileNotFoundError:
        staged.chmod(mode)
        return
    staged.chmod(stat.S_IMODE(status.st_mode))
    with contextlib.suppress(PermissionError):  # only root may give files away
        os.chown(staged, status.st_uid, status.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
