"""What a settings file held before us, so that it can be given back byte for byte.

One backup a file, in ``$RTKQ_HOME/backups/<key>/``: the *original*, absent when there was no
file, and a digest of what we *wrote*. The original counts as long as the file is what we wrote.
When somebody else wrote meanwhile it is only there to be looked at, and our entries are taken
out of what there is. A folder that was *made* for a file has a note of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from rtkq import paths

_ORIGINAL = "original"
_WRITTEN = "written"
_MADE = "made"


def keep(home: str, path: Path, original: bytes | None, written: bytes) -> None:
    """Remember that *written* is about to replace *original* in the file at *path*.

    Must come before the file is written: a backup that does not fit does no harm, a file without
    one cannot be given back.
    """
    _note_folders(home, path)
    folder = _folder(home, path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / _WRITTEN, b"")  # fits nothing until the original is in place
    (folder / _ORIGINAL).unlink(missing_ok=True)
    if original is not None:
        _write(folder / _ORIGINAL, original)
    _write(folder / _WRITTEN, _digest(written))


def fits(home: str, path: Path, current: bytes) -> bool:
    """Return whether *current* is what we wrote to *path*, so that its original counts."""
    with contextlib.suppress(OSError):
        return (_folder(home, path) / _WRITTEN).read_bytes() == _digest(current)
    return False


def original(home: str, path: Path) -> bytes | None:
    """Return what was in the file at *path* before us; ``None`` when there was no file."""
    with contextlib.suppress(FileNotFoundError):
        return (_folder(home, path) / _ORIGINAL).read_bytes()
    return None


def drop(home: str, path: Path) -> None:
    """Forget the backup of *path*, and remove folders that were made for it and are empty."""
    shutil.rmtree(_folder(home, path), ignore_errors=True)
    if not path.exists():
        _remove_folders(home, path)


def _note_folders(home: str, path: Path) -> None:
    for folder in path.parents:
        if folder.exists():
            break
        note = _folder(home, folder)
        note.mkdir(mode=0o700, parents=True, exist_ok=True)
        (note / _MADE).touch()


def _remove_folders(home: str, path: Path) -> None:
    for folder in path.parents:
        note = _folder(home, folder)
        if not (note / _MADE).exists():
            break
        try:
            folder.rmdir()
        except OSError:  # something else lies there by now
            break
        shutil.rmtree(note, ignore_errors=True)


def _folder(home: str, path: Path) -> Path:
    return Path(paths.backup_folder(home, os.path.abspath(path)))


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _write(file: Path, content: bytes) -> None:
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    staged.write_bytes(content)
    staged.replace(file)
