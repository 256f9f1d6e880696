"""A server that does not answer costs the work nothing, and is soon found again."""

from __future__ import annotations

import pytest

from rtkq.team.breaker import Condition, wait_s

NOW = 1_000_000.0


def failed(times: int) -> Condition:
    condition = Condition(answered_at=NOW - 1)
    for _ in range(times):
        condition = condition.failed("down", NOW, jitter=1.0)
    return condition


def test_first_request_may_wait_for_an_answer() -> None:
    """Nothing is held against a server that was never asked."""
    assert Condition().is_usable


def test_one_failure_is_enough_to_wait_no_more() -> None:
    """The next look is a knock beside the work, when the wait is over."""
    condition = failed(1)

    assert not condition.is_usable
    assert not condition.is_knock_due(NOW + wait_s(1) - 0.1)
    assert condition.is_knock_due(NOW + wait_s(1))


def test_waits_grow_up_to_two_minutes() -> None:
    """So a server that comes back is used again within that time."""
    assert [wait_s(failures) for failures in (1, 2, 3, 50)] == [5.0, 10.0, 20.0, 120.0]


def test_only_one_process_knocks_at_a_time() -> None:
    """Whoever knocks says so first."""
    condition = failed(1).knocking(NOW + 60)

    assert not condition.is_knock_due(NOW + 61)
    assert condition.is_knock_due(NOW + 60 + wait_s(1))


def test_server_that_knocks_back_but_stays_too_slow_is_asked_more_and_more_rarely() -> None:
    """An answered knock allows one try, and does not forget the failures before it."""
    condition = failed(3).back()

    assert condition.is_usable
    again = condition.failed("slow", NOW, jitter=1.0)
    assert not again.is_usable
    assert again.retry_at - NOW == wait_s(4)


def test_clock_that_was_set_back_delays_nothing() -> None:
    """Instants in a far future are not believed."""
    assert failed(1).is_knock_due(NOW - 86_400)


@pytest.mark.parametrize("jitter", [0.8, 1.2])
def test_a_team_does_not_knock_all_at_once(jitter: float) -> None:
    """The wait of each differs."""
    condition = Condition().failed("down", NOW, jitter)

    assert condition.retry_at == pytest.approx(NOW + wait_s(1) * jitter)
