"""Whatever becomes of the team's server, the work goes on, and nothing is lost by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from rtkq.errors import StoreError
from rtkq.store.facts import LocalFacts
from rtkq.team import condition
from rtkq.team.facts_table import PostgresFacts
from rtkq.team.shared_facts import SharedFacts, TeamFacts
from tests.postgres import Proxy, Server

KNOWN = {b"content-of-a-file:python:1": b"facts" * 100}
OTHERS = {bytes([number]) * 20: b"facts" * 1000 for number in range(200)}
#: Longer than anybody is willing to wait for an answer.
_SILENT_S = 30.0
_PATIENCE_S = 20.0

Reach = Callable[..., SharedFacts]


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def reach(home: str, proxy: Proxy, database: str) -> Iterator[Reach]:
    """Make the team's facts by way of the proxy; on the server lies KNOWN."""
    with PostgresFacts(database, is_publishing=True) as facts:
        facts.put(KNOWN)
    made = []

    def through_proxy(*, is_publishing: bool = False) -> SharedFacts:
        made.append(SharedFacts(home, proxy.url(database), is_publishing=is_publishing))
        return made[-1]

    yield through_proxy
    for one in made:
        one.close()


def test_unknown_host_is_noted_and_not_asked_again(home: str) -> None:
    """The first failure is the only one that anybody's work waits for."""
    shared = SharedFacts(home, "postgresql://user:secret@127.0.0.1:1/team")

    assert shared.fetch(KNOWN) == {}

    found = condition.read(home)
    assert (found.failures, found.is_usable) == (1, False)
    assert "postgresql://127.0.0.1:1/team" in found.error
    assert "secret" not in found.error


@pytest.mark.usefixtures("curt")
def test_silent_server_is_given_up(home: str, proxy: Proxy, reach: Reach) -> None:
    """The connection is up, the request is sent, and no answer comes."""
    shared = reach()
    assert shared.fetch(KNOWN) == KNOWN
    proxy.delay_s = _SILENT_S

    assert shared.fetch(KNOWN) == {}

    assert "no answer within" in condition.read(home).error


@pytest.mark.usefixtures("curt")
def test_other_processes_of_the_home_need_not_find_out_again(
    home: str, proxy: Proxy, reach: Reach
) -> None:
    """What one has found holds for all."""
    proxy.delay_s = _SILENT_S
    assert reach().fetch(KNOWN) == {}
    before = proxy.connections

    assert reach().fetch(KNOWN) == {}

    assert proxy.connections == before


@pytest.mark.usefixtures("impatient")
def test_server_that_comes_back_is_used_again(home: str, proxy: Proxy, reach: Reach) -> None:
    """Somebody knocks beside the work, and nobody has to start anew."""
    proxy.delay_s = _SILENT_S
    shared = reach()
    assert shared.fetch(KNOWN) == {}

    proxy.delay_s = 0.0

    until(lambda: shared.fetch(KNOWN) == KNOWN)
    assert condition.read(home).failures == 0


def test_restarted_server_is_no_failure(home: str, postgres: Server, reach: Reach) -> None:
    """Only the old connection is dead, so a new one is made."""
    shared = reach()
    assert shared.fetch(KNOWN) == KNOWN

    with postgres.stopped():
        pass

    assert shared.fetch(KNOWN) == KNOWN
    assert condition.read(home).failures == 0


def test_server_that_is_stopped_costs_nothing_but_its_facts(
    home: str, postgres: Server, reach: Reach
) -> None:
    """What lies here is found as ever, and what is put lies here."""
    team = TeamFacts(LocalFacts(home), reach(is_publishing=True))
    with postgres.stopped():
        team.put(OTHERS)

        assert team.fetch([*OTHERS, *KNOWN]) == OTHERS


def test_line_cut_in_the_middle_of_a_put_leaves_whole_entries_only(
    proxy: Proxy, reach: Reach, database: str
) -> None:
    """A transaction is there or not, and what is not there is found by comparing."""
    shared = reach(is_publishing=True)
    assert shared.fetch(KNOWN) == KNOWN
    proxy.cut_after = 300_000

    with (
        pytest.raises(StoreError, match="writing"),
        PostgresFacts(proxy.url(database), is_publishing=True) as facts,
    ):
        facts.put(OTHERS)

    with PostgresFacts(database) as facts:
        assert facts.fetch(OTHERS).items() <= OTHERS.items()
        assert facts.lacking(OTHERS) != []


def test_what_a_cut_line_swallowed_is_published_by_comparing(
    home: str, proxy: Proxy, reach: Reach, database: str
) -> None:
    """Here it lies in any case, so nothing has to be remembered."""
    local = LocalFacts(home)
    local.put(OTHERS)
    shared = reach(is_publishing=True)
    proxy.cut_after = 300_000

    until(lambda: shared.publish_lacking(local, OTHERS))

    with PostgresFacts(database) as facts:
        assert facts.fetch(OTHERS) == OTHERS


def test_who_does_not_publish_writes_nothing(reach: Reach, database: str) -> None:
    """Not even where the database would let him."""
    reach().put(OTHERS)

    with PostgresFacts(database) as facts:
        assert facts.fetch(OTHERS) == {}
        with pytest.raises(StoreError, match="read-only"):
            facts.put(OTHERS)
