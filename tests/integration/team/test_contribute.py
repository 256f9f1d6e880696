"""What the machines of a team counted is added up, each call once; nothing else leaves them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rtkq import team
from rtkq.answers import team_metrics
from rtkq.config import DatabaseSettings, Settings
from rtkq.doctor import team as doctor_team
from rtkq.doctor.verdicts import Patient, Result, Verdict
from rtkq.store import metrics
from rtkq.team.postgres import Postgres
from rtkq_workers.chores.contribute import contribute
from rtkq_workers.chores.fold import fold
from tests.conftest import Checkout
from tests.integration.test_fold import write
from tests.postgres import Server

_CONTRIBUTE = "from rtkq import config; from rtkq_workers.chores.contribute import contribute; "
_CONTRIBUTE += "contribute(config.load())"


@pytest.fixture
def watcher(postgres: Server, database: str) -> str:
    """The address for a role that may read everything, and write nothing."""
    with psycopg.connect(database, autocommit=True) as owner:
        postgres.role("watcher")
        owner.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO watcher")
    return database.replace("postgres@", "watcher@")


@pytest.fixture
def machine(tmp_path: Path, database: str) -> Callable[..., Settings]:
    """Return the settings of a machine of the team, by its name."""
    Postgres(database, is_publishing=True).close()

    def made(name: str, **values: Any) -> Settings:
        return Settings(str(tmp_path / name), database=DatabaseSettings(database, **values))

    return made


def count(settings: Settings, outcomes: list[str], **told: object) -> None:
    """Let the hook have been called on a machine, and the calls be counted there."""
    for outcome in outcomes:
        write(settings.home, outcome, **told)
    fold(settings.home)


def told(settings: Settings) -> dict[str, Any]:
    """Return what `rtkq metrics --team` says."""
    counts = team.counts(settings)
    try:
        return team_metrics.summary(counts, time.time() - 3600)
    finally:
        counts.close()


def test_machines_are_added_up(machine: Callable[..., Settings], checkout: Checkout) -> None:
    """By project, where they know it by the same remote."""
    checkout.git("remote", "add", "origin", "git@github.com:acme/shop.git")
    anna, bert = machine("anna"), machine("bert")
    count(anna, ["injected", "missing"], root=checkout.root, state="fresh", context_chars=400)
    count(bert, ["injected"], root=checkout.root, state="fresh", context_chars=80)
    metrics.note_rebuild(bert.home, checkout.root, 0.5, is_done=True)

    contribute(anna)
    contribute(bert)

    found = told(anna)
    assert (found["machines"], found["spawns"], found["injected"]) == (2, 3, 2)
    assert found["injected_tokens"] == (400 + 80) // 4
    assert found["rebuilds"]["count"] == 1
    assert [(one["project"], one["spawns"]) for one in found["by_project"]] == [
        ("github.com/acme/shop", 3)
    ]


def test_contributing_again_changes_nothing(machine: Callable[..., Settings]) -> None:
    """And what was counted since comes along."""
    anna = machine("anna")
    count(anna, ["injected"])
    contribute(anna)
    contribute(anna)
    once = told(anna)["spawns"]

    count(anna, ["injected", "missing"])
    contribute(anna)

    assert (once, told(anna)["spawns"]) == (1, 3)


@pytest.mark.parametrize("before", [0, 2])
def test_death_in_the_middle_neither_loses_nor_doubles(
    machine: Callable[..., Settings], database: str, before: int
) -> None:
    """An hour is there as it was, or as it is."""
    anna = machine("anna")
    count(anna, ["injected"] * before)
    contribute(anna)
    count(anna, ["missing"])

    killed = subprocess.run(
        [sys.executable, "-c", _CONTRIBUTE],
        env=os.environ
        | {"RTKQ_HOME": anna.home, "RTKQ_DATABASE_URL": database, "RTKQ_FAILPOINT": "contribute"},
    )

    assert killed.returncode == -signal.SIGKILL
    assert told(anna)["spawns"] == before
    contribute(anna)
    assert told(anna)["spawns"] == before + 1


def test_counts_that_began_anew_are_added(machine: Callable[..., Settings]) -> None:
    """What the damaged ones had contributed stays."""
    anna = machine("anna")
    count(anna, ["injected"] * 3)
    contribute(anna)
    os.replace(f"{anna.home}/metrics.db", f"{anna.home}/metrics.db.damaged")
    for file in Path(anna.home, "receipts").iterdir():
        file.unlink()

    count(anna, ["injected"])
    contribute(anna)

    assert told(anna)["spawns"] == 4


def test_nothing_but_numbers_leaves_the_machine(
    machine: Callable[..., Settings], database: str, checkout: Checkout
) -> None:
    """No path, no name of a file, no type of subagent that somebody invented."""
    checkout.git("remote", "add", "origin", "https://anna:s3cret@github.com/acme/shop.git")
    anna = machine("anna")
    secrets = {"type": "merger-with-globex", "paths": ["src/merger.py"], "event": "MergerUse"}
    count(anna, ["injected"], root=checkout.root, **secrets)
    count(anna, ["injected"], root="/home/anna/merger", **secrets)

    contribute(anna)

    with psycopg.connect(database) as connection:
        tables = ("reporter", "team_call", "team_rebuild")
        rows = [row for one in tables for row in connection.execute(f"SELECT * FROM {one}")]
    left = json.dumps(rows, default=str)
    assert len(rows) == 3
    assert "github.com/acme/shop" in left
    for secret in ("merger", "Merger", "s3cret", "src", checkout.root, "/home"):
        assert secret not in left


def test_projects_without_a_remote_are_told_apart(machine: Callable[..., Settings]) -> None:
    """The same path on two machines is two projects, and on one machine it is one."""
    anna, bert = machine("anna"), machine("bert")
    for one in (anna, anna, bert):
        count(one, ["injected"], root="/src/shop")
        contribute(one)

    assert sorted(one["spawns"] for one in told(anna)["by_project"]) == [1, 2]


def test_who_does_not_want_to_contributes_nothing(machine: Callable[..., Settings]) -> None:
    """Reading is free all the same."""
    anna = machine("anna", share_counts=False)
    count(anna, ["injected"])

    contribute(anna)

    assert told(anna)["machines"] == 0


def test_role_that_may_not_write_is_no_error(
    watcher: str, machine: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """Whether counts are wanted is the database's to say."""
    anna = machine("anna")
    count(anna, ["injected"])

    contribute(Settings(anna.home, database=DatabaseSettings(watcher)))

    assert told(anna)["machines"] == 0
    assert caplog.messages == []


def test_doctor_tells_what_becomes_of_counts(
    watcher: str, database: str, machine: Callable[..., Settings]
) -> None:
    """For one of those who may not write them nothing else does."""
    anna = machine("anna")
    asked = [
        DatabaseSettings(database),
        DatabaseSettings(watcher),
        DatabaseSettings(database, share_counts=False),
    ]

    fates = [verdicts(Settings(anna.home, database=one))[-1] for one in asked]

    assert [one.result for one in fates] == [Result.OK] * 3
    assert [one.detail.split(";")[0].split(",")[0].split(":")[0] for one in fates] == [
        "counts are copied there",
        "counts stay here",
        "counts stay here",
    ]


def verdicts(settings: Settings) -> list[Verdict]:
    """Return what the check of the team's database finds."""
    database = next(check for check in doctor_team.CHECKS if check.name == "team")
    return list(database.look(Patient("/", settings)))


def test_database_that_is_away_is_no_error(machine: Callable[..., Settings]) -> None:
    """Everything is still here, and comes along the next time."""
    anna = machine("anna")
    count(anna, ["injected"])

    contribute(Settings(anna.home, database=DatabaseSettings("postgresql://127.0.0.1:1/none")))
    contribute(anna)

    assert told(anna)["spawns"] == 1
