"""Facts that no server worker has any more go from the team's database; the others stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from rtkq.config import DatabaseSettings, PruneSettings, Settings
from rtkq.store.facts import SHARDS, LocalFacts
from rtkq.store.metrics import Rebuild
from rtkq.team.counts_table import Hour, PostgresCounts, Reporter
from rtkq.team.facts_table import PostgresFacts
from rtkq.team.shared_facts import SharedFacts
from rtkq_workers.chores import prune_shared

#: One in each shard, and a second one in the last.
KEYS = [bytes([shard << 4]) * 20 for shard in range(SHARDS)] + [b"\xff" * 20]
_DAY_S = 86400
_FIRST_TURN_S = 1000 * _DAY_S


@pytest.fixture
def facts(database: str) -> Iterator[PostgresFacts]:
    """The facts of a team; on the server lie KEYS."""
    with PostgresFacts(database, is_publishing=True) as made:
        made.put(dict.fromkeys(KEYS, b"facts"))
        yield made


def settings(home: str, database: str) -> Settings:
    pruning = PruneSettings(shared_days=180, metrics_days=90)
    return Settings(home, prune=pruning, database=DatabaseSettings(database))


def age(database: str, keys: list[bytes], days: int) -> None:
    """Let *keys* have been used so long ago."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE fact SET used_on = %s WHERE key = ANY(%b)",
            (date.today() - timedelta(days), keys),
        )


def a_day_of_turns(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the chore as often as a day lets it."""
    for now in range(_FIRST_TURN_S, _FIRST_TURN_S + _DAY_S, 600):
        monkeypatch.setattr(
            "rtkq_workers.chores.prune_shared.time.time", lambda now=now: float(now)
        )
        prune_shared.prune(settings)


def test_day_of_turns_deletes_all_that_is_old_enough(
    facts: PostgresFacts, home: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every shard; a day before its time nothing goes."""
    age(database, KEYS, 181)
    age(database, KEYS[:3], 180)

    a_day_of_turns(settings(home, database), monkeypatch)

    assert set(facts.fetch(KEYS)) == set(KEYS[:3])


def test_what_a_server_worker_has_is_spared(facts: PostgresFacts, home: str, database: str) -> None:
    """Comparing what lies in its home tells that it is used."""
    age(database, KEYS, 1000)
    local = LocalFacts(home)
    local.put({KEYS[0]: b"facts", b"new" * 8: b"facts"})
    shared = SharedFacts(home, database, is_publishing=True)

    assert shared.publish_lacking(local, [KEYS[0], b"new" * 8])
    shared.close()

    assert [facts.prune(shard, 180) for shard in range(SHARDS)] == [0] + [1] * 14 + [2]
    assert set(facts.fetch([*KEYS, b"new" * 8])) == {KEYS[0], b"new" * 8}


def test_use_is_noted_once_a_week(facts: PostgresFacts, database: str) -> None:
    """Nearly no comparison writes."""
    age(database, KEYS[:1], 7)
    age(database, KEYS[1:2], 8)

    facts.note_use(KEYS[:2])

    with psycopg.connect(database) as connection:
        used_on = dict(connection.execute("SELECT key, used_on FROM fact").fetchall())
    assert used_on[KEYS[0]] == date.today() - timedelta(7)
    assert used_on[KEYS[1]] == date.today()


def test_more_than_one_statement_deletes_all_go(facts: PostgresFacts, database: str) -> None:
    """However many have become old on one day."""
    many = [b"\x00" + number.to_bytes(4, "big") * 4 for number in range(6000)]
    facts.put(dict.fromkeys(many, b""))
    age(database, many, 400)

    assert facts.prune(0, 180) == 6000


def test_counts_of_old_hours_go(
    facts: PostgresFacts, home: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they do on each machine."""
    old, new = ((_FIRST_TURN_S - days * _DAY_S) // 3600 for days in (91, 89))
    with PostgresCounts(database, is_writing=True) as counts:
        for number in (old, new):
            counts.put(Reporter("source", "host", "anna"), number, hour_with_a_rebuild(number))

        a_day_of_turns(settings(home, database), monkeypatch)

        assert set(counts.totals("source")) == {new}


def hour_with_a_rebuild(number: int) -> Hour:
    hour = Hour()
    hour.rebuilds[Rebuild(number, "github.com/acme/shop", True, 3)] = 1
    return hour


def test_database_that_is_away_is_no_error(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is old today is old tomorrow."""
    a_day_of_turns(settings(home, "postgresql://127.0.0.1:1/none"), monkeypatch)
