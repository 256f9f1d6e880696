"""From paths to sources: read the bytes, know them by hash, extract what nobody extracted yet."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rtkq import failpoints, team
from rtkq.build.source import Source
from rtkq.extract import MAX_BYTES
from rtkq.extract.facts import Facts, decode
from rtkq.extract.languages import language_of, version_of
from rtkq.records import Stamp
from rtkq.store import facts as store
from rtkq_workers.rebuild import extractor

#: Files between two signs of life: short enough for a lease, long enough for one transaction.
BATCH = 64
_READS = 3
#: A file changed more recently than this may change again within one tick of the clock.
_GRAIN_NS = 20_000_000
#: Where stamps come in whole seconds, a tick is one.
_COARSE_GRAIN_NS = 2_000_000_000
_LASTING = (errno.EACCES, errno.EPERM, errno.ELOOP)
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Known:
    """What the memory knows of a file whose stamp has not changed: its bytes need no reading."""

    stamp: Stamp
    content: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """One file as it was found on the disk."""

    path: str
    language: str
    stamp: Stamp
    is_verified: bool
    content: bytes
    data: bytes | None


def sources(
    home: str,
    root: str,
    paths: Sequence[str],
    *,
    own: Mapping[str, str],
    known: Mapping[str, Known] | None = None,
    is_fresh: bool = False,
) -> Iterator[list[Source]]:
    """Return the files at *paths* in batches, in the order given; what is gone is left out.

    Args:
        home: Folder for everything rtkq stores, with the facts; see `team.facts`.
        root: Real path of the checkout.
        paths: Relative to *root*.
        own: Languages by suffix that the repository asks for.
        known: Files whose content needs no reading while their stamp is the same.
        is_fresh: Extract everything anew instead of fetching facts.
    """
    known = known or {}
    librarian = _Librarian(home, root, own, is_fresh=is_fresh)
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        found = [read(root, path, own, known.get(path)) for path in batch]
        yield librarian.sources([one for one in found if one is not None])


class _Librarian:
    """Finds the facts about files that were read, and has those extracted that nobody has."""

    def __init__(self, home: str, root: str, own: Mapping[str, str], *, is_fresh: bool) -> None:
        self._facts = team.facts(home)
        self._root = root
        self._own = own
        self._is_fresh = is_fresh

    def sources(self, batch: Sequence[Read]) -> list[Source]:
        """Return *batch* with facts, storing what had to be extracted."""
        keys = [
            store.key(one.content, one.language, version_of(one.language))
            if one.content and one.language
            else b""
            for one in batch
        ]
        stored = {} if self._is_fresh else self._facts.fetch(filter(None, keys))
        fresh: dict[bytes, bytes] = {}
        found = [
            self._source(one, key, stored, fresh) for one, key in zip(batch, keys, strict=True)
        ]
        failpoints.reach("extract.before_put")
        self._facts.put(fresh)
        return found

    def _source(
        self, one: Read, key: bytes, stored: Mapping[bytes, bytes], fresh: dict[bytes, bytes]
    ) -> Source:
        facts = self._facts_of(one, key, stored, fresh)
        return Source(
            one.path,
            one.stamp,
            one.is_verified,
            one.content,
            one.language,
            facts,
            is_new=key in fresh,
        )

    def _facts_of(
        self, one: Read, key: bytes, stored: Mapping[bytes, bytes], fresh: dict[bytes, bytes]
    ) -> Facts:
        if not key:
            return Facts(one.language, "huge" if one.language else "unread", 0)
        payload = stored.get(key) or fresh.get(key)
        if payload is not None:
            try:
                return decode(payload)
            except ValueError:
                pass  # a damaged entry is expendable: extract again and replace it
        data = one.data if one.data is not None else self._bytes_of(one)
        if data is None:
            return Facts(one.language, "unread", 0)
        fresh[key] = extractor.extracted(data, one.language)
        return decode(fresh[key])

    def _bytes_of(self, one: Read) -> bytes | None:
        """Return the bytes whose hash is known, or None where they changed meanwhile.

        Then the stamp that goes into the memory is not the file's any more, so it is owed again.
        """
        again = read(self._root, one.path, self._own)
        return again.data if again is not None and again.content == one.content else None


def content_of(root: str, path: str, own: Mapping[str, str]) -> bytes | None:
    """Return the hash of the file at *path*: empty where it is not read, None where it is gone."""
    found = read(root, path, own)
    return None if found is None else found.content


def facts_of(home: str, entries: Iterable[tuple[str, bytes, str]]) -> dict[str, Facts] | None:
    """Return the stored facts of (path, content, language), or None where any is missing."""
    keys = {
        path: store.key(content, language, version_of(language))
        for path, content, language in entries
        if content and language
    }
    stored = team.facts(home).fetch(keys.values())
    try:
        return {path: decode(stored[key]) for path, key in keys.items()}
    except (KeyError, ValueError):
        return None


def read(root: str, path: str, own: Mapping[str, str], known: Known | None = None) -> Read | None:
    """Return the file at *path* as it is on the disk, or None where there is no regular file."""
    language = language_of(path, own) or ""
    file = os.path.join(root, path)
    for _ in range(_READS):
        try:
            descriptor = os.open(file, _OPEN)
        except OSError as error:
            return _unreadable(file, path, error)
        try:
            found = _read_open(descriptor, path, language, known)
        except OSError as error:
            return _unreadable(file, path, error)
        finally:
            os.close(descriptor)
        if found is None or found.is_verified:
            return found
    return found


def _read_open(descriptor: int, path: str, language: str, known: Known | None) -> Read | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    stamp = Stamp.of(status)
    # Which files are read depends on more than their stamps: languages come and go.
    if language and known is not None and known.content and known.stamp == stamp:
        return Read(path, language, stamp, True, known.content, None)
    if not language or status.st_size > MAX_BYTES:
        return Read(path, language, stamp, True, b"", None)
    data = _whole(descriptor, status.st_size)
    after = Stamp.of(os.fstat(descriptor))
    is_verified = after == stamp and _is_settled(stamp)
    return Read(path, language, after, is_verified, store.content_hash(data), data)


def _whole(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    parts = [data]  # it changed meanwhile, or comes in pieces
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def _unreadable(file: str, path: str, error: OSError) -> Read | None:
    try:
        status = os.lstat(file)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    # Too many open files or a failing disk may be better next time: then look again.
    return Read(path, "", Stamp.of(status), error.errno in _LASTING, b"", None)


def _is_settled(stamp: Stamp) -> bool:
    """Return whether a later change is sure to give another stamp (git's "racy" rule)."""
    # Each write moves the ctime, and nobody can set it: an mtime may lie in the future.
    grain = _GRAIN_NS if stamp.ctime_ns % 1_000_000_000 else _COARSE_GRAIN_NS
    return stamp.ctime_ns < time.time_ns() - grain
