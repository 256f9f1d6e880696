"""Wherever grants lie, whoever needs them sees the same: one suite for every store of grants."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing

import pytest

from rtkq import team
from rtkq.access import Grant, GrantStore, Role, digest_of, granted, new_token
from rtkq.config import DatabaseSettings, Settings


def grant(name: str, token: str = "token", **values: object) -> Grant:
    """Return a grant for a token."""
    known = {"role": Role.READER, "projects": (), "created_at": 0} | values
    return Grant(name, digest_of(token + name), **known)  # type: ignore[arg-type]


@pytest.fixture(params=["local", "postgres"])
def store(request: pytest.FixtureRequest, home: str) -> Iterator[GrantStore]:
    """Each store of grants, empty."""
    url = request.getfixturevalue("database") if request.param == "postgres" else ""
    with closing(team.grants(Settings(home=home, database=DatabaseSettings(url)))) as made:
        yield made


def test_what_was_added_is_found(store: GrantStore) -> None:
    """In order of their names, with everything they say."""
    anna = grant("anna", projects=("github.com/acme/*", "/srv/'s"), created_at=5, expires_at=9)
    bell = grant("bell", role=Role.WEBHOOK)

    assert store.add(bell)
    assert store.add(anna)

    assert store.grants() == [anna, bell]


def test_name_is_taken_once(store: GrantStore) -> None:
    """The first keeps it, for somebody bears its token."""
    store.add(grant("anna", "first"))

    assert not store.add(grant("anna", "second"))

    assert store.grants() == [grant("anna", "first")]


def test_what_was_removed_is_gone(store: GrantStore) -> None:
    """And can be added again."""
    store.add(grant("anna"))
    store.add(grant("bert"))

    assert store.remove("anna")
    assert not store.remove("anna")

    assert store.grants() == [grant("bert")]
    assert store.add(grant("anna"))


def test_nothing_stored_is_a_token(store: GrantStore) -> None:
    """What lies anywhere cannot be shown to anybody."""
    token = new_token()
    store.add(Grant("anna", digest_of(token), Role.READER, (), 0))

    (stored,) = store.grants()

    assert token not in repr(stored)
    assert granted(token, [stored], now=0.0) == stored
    assert granted(stored.digest, [stored], now=0.0) is None


def test_file_is_its_users_alone(home: str) -> None:
    """Also where it replaces one that was not."""
    store = team.grants(Settings(home=home))
    store.add(grant("anna"))
    file = f"{home}/grants.json"
    os.chmod(file, 0o644)

    store.add(grant("bert"))

    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
