"""Facts by content: sixteen databases shared by all checkouts, each entry expendable.

A key is the hash of the bytes on disk, the language and the version of that language's
extractor, so worktrees of one repository, and branches one after another, pay once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

import xxhash

from rtkq import paths
from rtkq.errors import StoreDamaged
from rtkq.schema import FACTS, FactRow
from rtkq.store.database import Database, private_folder

_KEYS_A_QUERY = 500


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
        with _opened(home, shard) as database:
            for start in range(0, len(wanted), _KEYS_A_QUERY):
                batch = wanted[start : start + _KEYS_A_QUERY]
                rows = FactRow.select(FactRow.key, FactRow.payload).where(FactRow.key.in_(batch))
                cursor = database.connection.execute(*rows.sql())
                found.update((bytes(key), bytes(payload)) for key, payload in cursor)
    return found


def put(home: str, payloads: Mapping[bytes, bytes]) -> None:
    """Store *payloads* by key, one short transaction a database."""
    for shard, keys in _by_shard(payloads).items():
        with _opened(home, shard) as database, database.atomic():
            database.connection.executemany(
                "INSERT OR REPLACE INTO fact (key, payload) VALUES (?, ?)",
                [(key, payloads[key]) for key in keys],
            )


def _by_shard(keys: Iterable[bytes]) -> dict[str, list[bytes]]:
    shards: dict[str, list[bytes]] = {}
    for key in keys:
        shards.setdefault(f"{key[0] >> 4:x}", []).append(key)
    return shards


def _opened(home: str, shard: str) -> Database:
    folder = paths.facts_folder(home)
    private_folder(folder)
    file = f"{folder}/{shard}.db"
    try:
        return Database(file, FACTS)
    except StoreDamaged:
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(file + suffix)
        return Database(file, FACTS)
