"""The tables on PostgreSQL are made by server workers, and believed only when they fit."""

from __future__ import annotations

import threading

import psycopg
import pytest

from rtkq.errors import StoreError
from rtkq.team import postgres
from rtkq.team.facts_table import PostgresFacts
from rtkq.team.grants_table import PostgresGrants
from tests.postgres import Server


def test_reader_of_an_empty_database_is_told_who_prepares_it(database: str) -> None:
    """It makes nothing itself: it needs no right to."""
    with pytest.raises(StoreError, match="older than") as raised:
        PostgresFacts(database)

    assert "rtkq worker --server" in raised.value.hint


def test_server_workers_that_start_at_once_migrate_once(database: str) -> None:
    """One does it, and the others wait for it."""
    errors: list[Exception] = []

    def start() -> None:
        try:
            PostgresFacts(database, is_publishing=True).close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    with psycopg.connect(database) as connection:
        numbers = connection.execute("SELECT number FROM migration ORDER BY 1").fetchall()
    assert numbers == [(number,) for number in range(1, len(postgres.MIGRATIONS) + 1)]


@pytest.mark.parametrize("is_publishing", [False, True])
def test_database_of_a_newer_version_is_left_alone(database: str, is_publishing: bool) -> None:
    """What its columns mean by then nobody here knows."""
    PostgresFacts(database, is_publishing=True).close()
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO migration (number) VALUES (99)")

    with pytest.raises(StoreError, match="newer than") as raised:
        PostgresFacts(database, is_publishing=is_publishing)

    assert raised.value.hint == "update rtkq"


def test_instants_are_those_of_the_server(database: str) -> None:
    """The clocks of workers differ."""
    with PostgresFacts(database, is_publishing=True) as facts, psycopg.connect(database) as other:
        facts.put({b"key": b"payload"})
        ((age,),) = other.execute("SELECT extract(epoch FROM now() - put_at) FROM fact")

    assert 0 <= age < 60


def test_wrong_password_is_not_told(database: str) -> None:
    """Whatever the driver says of an address it cannot read."""
    with pytest.raises(StoreError) as raised:
        PostgresFacts("postgresql://user:secret%zz@127.0.0.1/team")

    assert "secret" not in str(raised.value)


def test_readers_of_a_team_do_not_read_its_grants(postgres: Server, database: str) -> None:
    """Not even where the owner lets them read every table to come."""
    postgres.role("a reader")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute('ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "a reader"')
    PostgresFacts(database, is_publishing=True).close()
    url = database.replace("postgres@", "a%20reader@")

    with PostgresFacts(url) as facts:
        assert facts.fetch([b"key"]) == {}
    with PostgresGrants(url) as grants, pytest.raises(StoreError, match="permission denied"):
        grants.grants()
