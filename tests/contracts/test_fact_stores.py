"""Wherever facts lie, whoever needs them sees the same: one suite for every store of facts."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest

from rtkq.store.facts import FactStore, LocalFacts, key
from rtkq.team.facts_table import PostgresFacts
from rtkq.team.shared_facts import SharedFacts, TeamFacts

CONTENT = bytes(range(16))


@pytest.fixture(params=["local", "postgres", "team"])
def store(request: pytest.FixtureRequest, home: str) -> Iterator[FactStore]:
    """Each store of facts, empty."""
    if request.param == "local":
        yield LocalFacts(home)
        return
    database = request.getfixturevalue("database")
    with PostgresFacts(database, is_publishing=True) as postgres:
        if request.param == "postgres":
            yield postgres
        else:
            shared = SharedFacts(home, database, is_publishing=True)
            yield TeamFacts(LocalFacts(home), shared)
            shared.close()


def test_what_was_put_is_found(store: FactStore) -> None:
    """Byte for byte, whatever bytes they are."""
    payloads = {CONTENT + bytes([number]): bytes(range(number)) for number in range(256)}

    store.put(payloads)

    assert store.fetch(payloads) == payloads


def test_what_was_not_put_is_left_out(store: FactStore) -> None:
    """No error, and nothing in its place."""
    store.put({CONTENT: b"known"})

    assert store.fetch([CONTENT, CONTENT + b"unknown"]) == {CONTENT: b"known"}


def test_asking_for_nothing_finds_nothing(store: FactStore) -> None:
    """A batch may hold no file that has facts."""
    store.put({})

    assert store.fetch([]) == {}


def test_putting_again_replaces(store: FactStore) -> None:
    """A damaged entry is mended by whoever notices."""
    store.put({CONTENT: b"damaged"})

    store.put({CONTENT: b"whole"})

    assert store.fetch([CONTENT]) == {CONTENT: b"whole"}


def test_versions_of_an_extractor_do_not_meet(store: FactStore) -> None:
    """Each finds what it wrote itself."""
    old, new = key(CONTENT, "python", 1), key(CONTENT, "python", 2)

    store.put({old: b"old"})

    assert store.fetch([old, new]) == {old: b"old"}


def test_key_may_be_asked_for_twice(store: FactStore) -> None:
    """Two files of a batch may have the same bytes."""
    store.put({CONTENT: b"same"})

    assert store.fetch([CONTENT, CONTENT]) == {CONTENT: b"same"}


def test_more_keys_than_a_statement_takes_are_found(store: FactStore) -> None:
    """Callers need not know any limit."""
    chance = random.Random(1)
    payloads = {chance.randbytes(20): chance.randbytes(50) for _ in range(3000)}

    store.put(payloads)

    assert store.fetch(payloads) == payloads


def test_writers_of_the_same_keys_do_not_disturb_each_other(store: FactStore) -> None:
    """Two workers meet the same file at the same time, in whatever order they come by."""
    payloads = {bytes([number]) * 16: b"facts" for number in range(200)}
    backwards = dict(reversed(payloads.items()))
    store.put(dict.fromkeys(payloads, b"old"))
    threads = [
        threading.Thread(target=store.put, args=(order,)) for order in (payloads, backwards) * 2
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.fetch(payloads) == payloads
