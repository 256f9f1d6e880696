"""What one machine has extracted spares the others the work, and changes nothing of the result."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rtkq import config, store
from rtkq.errors import ConfigError
from rtkq_workers import run
from rtkq_workers.chores import share
from rtkq_workers.processes import heartbeat
from rtkq_workers.rebuild import extractor, rebuild

_PATIENCE_S = 30.0

Rows = Callable[[str], dict[str, list[Any]]]


@pytest.fixture
def server(tmp_path: Path, checkout: Any, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The home of a server worker that knows the checkout and has published nothing yet."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", database)
    folder = str(tmp_path / "server")
    owe(folder, checkout.root)
    return folder


def owe(folder: str, root: str) -> None:
    """Let *root* be owed a rebuild in the home at *folder*."""
    store.register(folder, root)
    store.mark(folder, root, ["README.md"])


def publish(folder: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a server worker until nothing is owed; return its exit code."""
    with monkeypatch.context() as patch:
        patch.setenv("RTKQ_HOME", folder)
        return run.burst(config.load(), is_server=True)


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was extracted rather than fetched, as it happens."""
    seen: list[bytes] = []
    really = extractor.extracted

    def noted(data: bytes, language: str) -> bytes:
        seen.append(data)
        return really(data, language)

    monkeypatch.setattr(extractor, "extracted", noted)
    return seen


def rows_in(database: str) -> int:
    with psycopg.connect(database) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM fact")
    return int(count)


def test_fresh_clone_extracts_nothing_that_the_team_knows(
    server: str, home: str, checkout: Any, extracted: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another home on another machine begins where the server is."""
    assert publish(server, monkeypatch) == 0
    assert extracted
    extracted.clear()

    store.register(home, checkout.root)
    rebuild(home, checkout.root)

    assert extracted == []


def test_memory_from_the_teams_facts_is_the_one_built_from_nothing(
    server: str,
    home: str,
    checkout: Any,
    rows_of: Rows,
    rows_from_nothing: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Row for row, with the same integer impacts."""
    publish(server, monkeypatch)
    checkout.write("src/new.py", "def only_here(): ...\n")
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    monkeypatch.delenv("RTKQ_DATABASE_URL")

    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)


def test_what_came_from_the_team_is_kept(
    server: str, home: str, checkout: Any, extracted: list[bytes],
    postgres: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The next build needs no server."""
    publish(server, monkeypatch)
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    store.forget(home, checkout.root)
    extracted.clear()

    with postgres.stopped():
        store.register(home, checkout.root)
        rebuild(home, checkout.root)

    assert extracted == []


def test_client_publishes_nothing(
    server: str, home: str, checkout: Any, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others believe what stands there, so only server workers write it."""
    publish(server, monkeypatch)
    before = rows_in(database)
    checkout.write("src/new.py", "def only_here(): ...\n")

    store.register(home, checkout.root)
    rebuild(home, checkout.root)

    assert before > 0
    assert rows_in(database) == before


def test_commits_are_not_published(
    server: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their messages are for those who have the repository."""
    publish(server, monkeypatch)

    with psycopg.connect(database) as connection:
        keys = [bytes(key) for (key,) in connection.execute("SELECT key FROM fact")]

    assert len(keys) >= 5
    assert not [key for key in keys if b"commit" in key]


def test_facts_that_were_extracted_during_an_outage_are_published_later(
    server: str, checkout: Any, database: str, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By comparing, so nothing needs to have been noted down."""
    with postgres.stopped():
        assert publish(server, monkeypatch) == 1

    assert publish(server, monkeypatch) == 0

    assert rows_in(database) >= 5


@pytest.mark.usefixtures("impatient")
def test_first_turn_after_an_outage_publishes_all(
    server: str, database: str, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one shard a minute."""
    with postgres.stopped():
        publish(server, monkeypatch)

    share.share_in_turn(server)

    assert rows_in(database) >= 5


def test_server_worker_prepares_the_database_before_it_has_anything_to_publish(
    home: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else clients would be told of missing tables until then."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", database)

    assert publish(home, monkeypatch) == 0

    assert rows_in(database) == 0


def test_pool_of_server_workers_publishes_what_it_extracts(
    server: str, checkout: Any, database: str
) -> None:
    """Each worker has a connection of its own: none is there before a fork."""
    command = [sys.executable, "-m", "rtkq.cli"]
    environment = os.environ | {"RTKQ_HOME": server}
    with subprocess.Popen(
        [*command, "worker", "--server", "--workers", "2"], env=environment
    ) as pool:
        try:
            # While there is no worker whoever waits does the work, and publishes nothing.
            until(lambda: heartbeat.is_alive(server, "worker"))
            subprocess.run([*command, "sync", "-q", checkout.root], env=environment, check=True)
            until(lambda: is_published(database))
        finally:
            pool.terminate()

    assert pool.returncode == 0


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_published(database: str) -> bool:
    try:
        return rows_in(database) >= 5
    except psycopg.errors.UndefinedTable:
        return False


def test_damaged_entry_is_extracted_again_and_mended(
    server: str, home: str, checkout: Any, database: str, extracted: list[bytes],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Whatever happened to it on the server."""
    publish(server, monkeypatch)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE fact SET payload = 'damaged'")
    extracted.clear()

    store.register(home, checkout.root)
    assert rebuild(home, checkout.root)

    assert len(extracted) >= 5
    another = str(tmp_path / "another")
    owe(another, checkout.root)
    assert publish(another, monkeypatch) == 0
    with psycopg.connect(database) as connection:
        ((damaged,),) = connection.execute("SELECT count(*) FROM fact WHERE payload = 'damaged'")
    assert damaged == 0


def test_server_worker_without_a_database_does_not_start(home: str) -> None:
    """It would publish nothing, and nobody would notice."""
    with pytest.raises(ConfigError, match="none is set"):
        run.burst(config.load(), is_server=True)
