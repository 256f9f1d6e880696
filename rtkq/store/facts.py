"""Facts by content: sixteen databases shared by all checkouts, each entry expendable.

A key is the hash of the bytes on disk, the language and the version of that language's
extractor, so worktrees of one repository, and branches one after another, pay once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

import xxhash

from rtkq import paths
from rtkq.errors import StoreDamaged
from rtkq.schema.facts import FACTS
from rtkq.store.database import Database, inode, private_folder, translated

#: By the first digit of a key.
SHARDS = 16
_KEYS_A_QUERY = 500
_DAY_S = 86400
#: A database is written anew when more than a fourth of it is empty.
_WORTH_VACUUM = 4


class FactStore(Protocol):
    """What everybody who needs facts knows of where they lie.

    An entry is expendable: what is not found is extracted again and put.
    """

    def fetch(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the stored payloads of *keys*; what is not stored is left out."""

    def put(self, payloads: Mapping[bytes, bytes]) -> None:
        """Store *payloads* by key; what was stored under a key before is replaced."""


class LocalFacts:
    """The facts under one home."""

    def __init__(self, home: str) -> None:
        self._home = home

    def fetch(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the stored payloads of *keys*; what is not stored is left out."""
        return fetch(self._home, keys)

    def put(self, payloads: Mapping[bytes, bytes]) -> None:
        """Store *payloads* by key, one short transaction a database."""
        put(self._home, payloads)


def content_hash(data: bytes) -> bytes:
    """Return the 16-byte hash by which contents are known.

    Source:
        XXH3-128: not for hostile inputs, which could at most trade facts between two files
        of their own author.
    """
    return xxhash.xxh3_128_digest(data)


def key(content: bytes, language: str, version: int) -> bytes:
    """Return the key of the facts about the bytes whose hash is *content*."""
    return content + f"{language}:{version}".encode()


def fetch(home: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the stored payloads of *keys*; what is not stored is left out."""
    found: dict[bytes, bytes] = {}
    for shard, wanted in _by_shard(keys).items():
        database = _opened(home, shard)
        try:
            with translated(database.file):
                found.update(_rows(database, wanted))
        except StoreDamaged:
            _drop(database)
    return found


def _rows(database: Database, wanted: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for start in range(0, len(wanted), _KEYS_A_QUERY):
        batch = wanted[start : start + _KEYS_A_QUERY]
        places = ",".join("?" * len(batch))
        select = f"SELECT key, payload FROM fact WHERE key IN ({places})"
        yield from database.connection.execute(select, batch)


def put(home: str, payloads: Mapping[bytes, bytes]) -> None:
    """Store *payloads* by key, one short transaction a database."""
    today = int(time.time()) // _DAY_S
    for shard, keys in _by_shard(payloads).items():
        database = _opened(home, shard)
        try:
            with translated(database.file), database.atomic():
                database.connection.executemany(
                    "INSERT OR REPLACE INTO fact (key, payload, day) VALUES (?, ?, ?)",
                    [(key, payloads[key], today) for key in keys],
                )
        except StoreDamaged:
            _drop(database)


def keys_of(home: str, shard: int) -> list[bytes]:
    """Return all keys of a shard, in order."""
    with _of_shard(home, shard) as database:
        return [key for (key,) in database.connection.execute("SELECT key FROM fact ORDER BY key")]


# -- what is old ---------------------------------------------------------------------------


def older_than(home: str, shard: int, day: int) -> set[bytes]:
    """Return the keys of a shard that were put or renewed before *day*, in days of the epoch."""
    with _of_shard(home, shard) as database:
        rows = database.connection.execute("SELECT key FROM fact WHERE day < ?", (day,))
        return {key for (key,) in rows}


def renew(home: str, shard: int, keys: Iterable[bytes], day: int) -> None:
    """Let *keys* of a shard count as put on *day*."""
    with _of_shard(home, shard) as database, database.atomic():
        database.connection.executemany(
            "UPDATE fact SET day = ? WHERE key = ?", [(day, key) for key in keys]
        )


def delete(home: str, shard: int, keys: Iterable[bytes]) -> None:
    """Delete *keys* of a shard, and give back the room they took."""
    with _of_shard(home, shard) as database:
        with database.atomic():
            database.connection.executemany(
                "DELETE FROM fact WHERE key = ?", [(key,) for key in keys]
            )
        (pages,) = database.connection.execute("PRAGMA page_count").fetchone()
        (empty,) = database.connection.execute("PRAGMA freelist_count").fetchone()
        if empty * _WORTH_VACUUM > pages:
            database.connection.execute("VACUUM")


@contextmanager
def _of_shard(home: str, shard: int) -> Iterator[Database]:
    database = _opened(home, f"{shard:x}")
    try:
        with translated(database.file):
            yield database
    except StoreDamaged:
        _drop(database)
        raise


# -- the databases -------------------------------------------------------------------------


def _by_shard(keys: Iterable[bytes]) -> dict[str, list[bytes]]:
    shards: dict[str, list[bytes]] = {}
    for key in keys:
        shards.setdefault(f"{key[0] >> 4:x}", []).append(key)
    return shards


def _opened(home: str, shard: str) -> Database:
    """Return the database of a *shard*, open as long as this process lives.

    Opened for each batch of files anew, sixteen of them cost a tenth of a build, and each close
    waits for the disk.
    """
    file = f"{paths.facts_folder(home)}/{shard}.db"
    known = _open.get(file)
    if known is None or known.process != os.getpid() or known.inode != inode(file):
        known = _open[file] = _Open(_open_or_replace(file), os.getpid(), inode(file))
    return known.database


class _Open(NamedTuple):
    database: Database
    #: A connection must not be used across a fork.
    process: int
    #: Of another number when somebody deleted the file: what is written to it then is lost.
    inode: int


_open: dict[str, _Open] = {}


def _open_or_replace(file: str) -> Database:
    private_folder(os.path.dirname(file))
    try:
        return Database(file, FACTS)
    except StoreDamaged:
        discard(file)
        return Database(file, FACTS)


def _drop(database: Database) -> None:
    """Throw a damaged database away: what it held is extracted again when it is needed."""
    with suppress(Exception):
        database.close()
    _open.pop(database.file, None)
    discard(database.file)


def discard(file: str) -> None:
    """Throw the database *file* away; a process that has it open notices and makes it anew."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.unlink(file + suffix)
