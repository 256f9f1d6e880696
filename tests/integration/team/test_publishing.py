"""A memory is published as a whole or not at all, by whoever holds the lease."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest

from rtkq import paths, recall, store
from rtkq.errors import LeaseLost, StoreDamaged, StoreError
from rtkq.team.central import memory as central_memory
from rtkq.team.central import publishing
from rtkq.team.central.memory import Superseded
from rtkq.team.postgres import Postgres
from tests.conftest import Checkout
from tests.integration.team import central
from tests.postgres import Proxy, Server

TASK = "refresh the session"
_PATIENCE_S = 30.0
_NEVER = 1 << 40


@pytest.fixture
def server(database: str) -> Iterator[Postgres]:
    """A connection that publishes."""
    with Postgres(database, is_publishing=True) as made:
        yield made


@pytest.fixture
def project(server: Postgres) -> int:
    """A central project of which nothing is published."""
    return central.add(server)


@pytest.fixture
def built(home: str, checkout: Checkout) -> Checkout:
    """A checkout with a memory."""
    central.build(home, checkout.root).close()
    return checkout


def text(memory: recall.Memory) -> str:
    """Return what *memory* says for the task, without where it comes from."""
    return recall.context(memory, TASK, budget_tokens=2000).text.partition("\n")[2]


def schemas(server: Postgres) -> list[str]:
    """Return the names of all schemas with a memory."""
    rows = server.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'central%%' ORDER BY 1")
    return [name for (name,) in rows]


def publish_again(server: Postgres, project: int, home: str, checkout: Checkout) -> None:
    """Change the checkout, and publish what became of it."""
    checkout.write("src/session.py", f"def refresh_{time.time_ns()}(session): ...\n")
    checkout.commit("change")
    central.build(home, checkout.root).close()
    central.publish(server, project, home, checkout)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_published_memory_is_found_by_its_remote(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """With the commit and the instant it was built from."""
    assert central_memory.find(server.rows, central.REMOTE) is None

    assert central.publish(server, project, home, built) == 1

    found = central_memory.find(server.rows, central.REMOTE)
    local = recall.open_memory(home, built.root)
    assert found
    assert local
    assert (found.generation, found.head) == (1, built.git("rev-parse", "HEAD").strip())
    assert found.indexed_at_ms == local.indexed_at_ms
    assert central_memory.remotes(server.rows) == {central.REMOTE}
    local.close()


def test_reader_in_flight_keeps_its_generation(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """What it asks later fits what it asked before."""
    central.publish(server, project, home, built)
    reading = central.opened(server, built.root)
    before = text(reading)

    publish_again(server, project, home, built)

    assert text(reading).replace(" (changed since indexed)", "") == before
    assert "refresh_" in text(central.opened(server, built.root))


def test_older_generations_are_dropped(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """One is kept for readers in flight; one that is even slower begins anew."""
    central.publish(server, project, home, built)
    reading = central.opened(server, built.root)

    for _ in range(2):
        publish_again(server, project, home, built)

    assert [name.split("_")[2] for name in schemas(server)] == ["2", "3"]
    with pytest.raises(Superseded):
        text(reading)


def test_who_lost_the_lease_publishes_nothing(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """Another worker claimed the project since."""
    token = central.claim(server, project)
    central.publish(server, project, home, built)

    with pytest.raises(LeaseLost, match="token 1, newest 2"):
        publishing.publish(
            server, project, paths.memory_file(home, built.root), fence=token, head="old"
        )

    found = central_memory.find(server.rows, central.REMOTE)
    assert found
    assert found.head != "old"
    assert len(schemas(server)) == 1


def test_worker_that_hangs_while_it_publishes_is_in_nobodys_way(
    server: Postgres, project: int, home: str, built: Checkout, proxy: Proxy, database: str
) -> None:
    """Its transaction is open, and who claimed the project since need not wait for its end."""
    token = central.claim(server, project)
    raised: list[BaseException] = []

    def hang() -> None:
        file = paths.memory_file(home, built.root)
        try:
            with Postgres(proxy.url(database), is_publishing=True) as slow:
                proxy.delay_s = 0.05
                publishing.publish(slow, project, file, fence=token, head="slow")
        except Exception as error:
            raised.append(error)

    hanging = threading.Thread(target=hang)
    hanging.start()
    until(lambda: is_publishing(server))
    central.publish(server, project, home, built)

    assert hanging.is_alive()
    proxy.delay_s = 0.0
    hanging.join(_PATIENCE_S)
    assert [type(error) for error in raised] == [LeaseLost]
    assert [name.rpartition("_")[2] for name in schemas(server)] == ["2"]


def is_publishing(server: Postgres) -> bool:
    """Return whether somebody else is filling tables."""
    return bool(
        server.rows(
            "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND query ~ '^(CREATE|COPY|ANALYZE)' AND datname = current_database()"
        )
    )


@pytest.mark.parametrize("percent", [5, 30, 60, 90])
def test_line_cut_in_the_middle_of_publishing_leaves_the_generation_before(
    server: Postgres, project: int, home: str, built: Checkout,
    proxy: Proxy, database: str, percent: int,
) -> None:  # fmt: skip
    """Whole, current, and alone; and the next try succeeds."""
    with Postgres(proxy.url(database), is_publishing=True) as watched:
        proxy.cut_after = _NEVER
        central.publish(watched, project, home, built)
        sent = _NEVER - proxy.cut_after
    before = schemas(server), text(central.opened(server, built.root))
    with Postgres(proxy.url(database), is_publishing=True) as cut:
        proxy.cut_after = sent * percent // 100
        with pytest.raises(StoreError, match="publishing"):
            central.publish(cut, project, home, built)

    until(lambda: not is_publishing(server))
    assert (schemas(server), text(central.opened(server, built.root))) == before
    assert central.publish(server, project, home, built) == 2


def test_server_that_stops_while_it_is_published_to_serves_the_generation_before(
    postgres: Server, project: int, home: str, built: Checkout, proxy: Proxy, database: str
) -> None:
    """It comes back with what was committed."""
    with Postgres(database, is_publishing=True) as server:
        central.publish(server, project, home, built)
        token = central.claim(server, project)
    slow = Postgres(proxy.url(database), is_publishing=True)
    proxy.delay_s = 0.02

    def publish() -> None:
        with suppress(StoreError):
            publishing.publish(
                slow, project, paths.memory_file(home, built.root), fence=token, head="lost"
            )

    thread = threading.Thread(target=publish)
    thread.start()
    with Postgres(database) as watching:
        until(lambda: is_publishing(watching))
    with postgres.stopped():
        thread.join(_PATIENCE_S)
    slow.close()

    with Postgres(database) as server:
        found = central_memory.find(server.rows, central.REMOTE)
        assert found
        assert found.generation == 1
        assert [name.split("_")[2] for name in schemas(server)] == ["1"]
        assert text(central.opened(server, built.root))


def test_memory_that_is_not_finished_is_not_published(
    server: Postgres, project: int, home: str, checkout: Checkout
) -> None:
    """Readers could not tell it from one that is."""
    store.register(home, checkout.root)

    with pytest.raises(StoreDamaged, match="no finished memory"):
        central.publish(server, project, home, checkout)

    assert schemas(server) == []


def test_memory_of_another_version_is_not_read(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """A server worker of another release may have other tables."""
    central.publish(server, project, home, built)
    server.connection.execute("UPDATE central_project SET version = 99")

    assert central_memory.find(server.rows, central.REMOTE) is None
    assert central_memory.remotes(server.rows) == set()


def test_character_that_postgresql_cannot_hold_is_told_as_locally(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """A NUL can stand in a source as any other character."""
    with sqlite3.connect(paths.memory_file(home, built.root)) as connection:
        connection.execute(
            "UPDATE definition SET signature = ? WHERE line = 2", ("def refresh(\0)",)
        )
    connection.close()
    central.publish(server, project, home, built)

    local = recall.open_memory(home, built.root)

    assert local
    assert "def refresh(\ufffd)" in text(local)
    assert text(central.opened(server, built.root)) == text(local)
    local.close()


def test_project_that_was_removed_is_not_published_to(
    server: Postgres, project: int, home: str, built: Checkout
) -> None:
    """And all that was is dropped."""
    central.publish(server, project, home, built)
    server.connection.execute("DELETE FROM central_project")
    publishing.forget(server, project)

    with pytest.raises(LeaseLost, match="removed"):
        publishing.publish(
            server, project, paths.memory_file(home, built.root), fence=1, head="late"
        )

    assert schemas(server) == []


def test_role_of_readers_reads_what_is_published(database: str, home: str, built: Checkout) -> None:
    """With the rights that the how-to grants before anything is published."""
    role = f"reader_{time.time_ns()}"
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN")
        owner.execute(f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}")
        owner.execute(f"ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {role}")
    with Postgres(database, is_publishing=True) as server:
        central.publish(server, central.add(server), home, built)

    with Postgres(database.replace("postgres@", f"{role}@")) as reader:
        assert "src/session.py" in text(central.opened(reader, built.root))
