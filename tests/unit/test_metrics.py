"""Rates and percentiles of counted calls."""

from __future__ import annotations

import pytest

from rtkq import metrics
from rtkq.store.metrics import Call, limit_ms, slot


def call(outcome: str, **told: object) -> Call:
    """Return a kind of call; a fresh memory and a quick answer where nothing else is told."""
    known: dict[str, object] = {
        "hour": 1,
        "root": "/src/shop",
        "agent": "claude-code",
        "type": "explore",
        "event": "PreToolUse",
        "outcome": outcome,
        "state": "fresh",
        "slot": 0,
    }
    return Call(**(known | told))  # type: ignore[arg-type]


def test_start_of_a_spawn_that_was_asked_for_is_no_second_spawn() -> None:
    """The client tells us of it twice."""
    found = metrics.summary({call("injected"): 3, call("marked", event="SubagentStart"): 3})

    assert (found["spawns"], found["injected"], found["injection_rate"]) == (3, 3, 1.0)


def test_subagent_that_goes_on_is_no_second_spawn() -> None:
    """Its client tells of its start again, and what the hook would say is not added."""
    found = metrics.summary({call("mapped"): 1, call("resumed", event="SubagentStart"): 5})

    assert (found["spawns"], found["injected"]) == (1, 1)


def test_calls_about_no_subagent_are_no_spawns() -> None:
    """The start of a session, and an event of somebody else's."""
    found = metrics.summary({call("noted", type=""): 1, call("ignored", type=""): 1})

    assert (found["calls"], found["spawns"], found["injection_rate"]) == (2, 0, None)


@pytest.mark.parametrize(
    ("outcome", "is_injected"),
    [
        *((one, True) for one in ("injected", "superseded", "mapped", "denied", "marked")),
        *((one, False) for one in ("exempt", "missing", "unknown", "empty", "deadline", "error")),
        ("unheard", False),
    ],
)
def test_spawns_count_as_injected_when_a_context_reached_somebody(
    outcome: str, is_injected: bool
) -> None:
    """A denial carries the context to whoever wanted to spawn."""
    assert metrics.is_injected(call(outcome)) is is_injected


def test_exempt_spawns_neither_hit_nor_miss() -> None:
    """Nobody asked the memory."""
    calls = {call("injected"): 1, call("missing", state=""): 1, call("exempt", state=""): 8}

    found = metrics.summary(calls)

    assert (found["hit_rate"], found["injection_rate"]) == (0.5, 0.1)


def test_percentiles_are_less_than_a_fifth_above_the_truth() -> None:
    """A time is counted in a slot a quarter of an octave wide."""
    times_ms = [n / 7 for n in range(1, 2000)]
    slots: dict[int, int] = {}
    for time_ms in times_ms:
        number = slot(time_ms * 1000)
        slots[number] = slots.get(number, 0) + 1

    found = metrics.percentiles_ms(slots)

    for percent in (50, 95, 99):
        truth = times_ms[len(times_ms) * percent // 100 - 1]
        assert truth <= (found[f"p{percent}"] or 0) + 0.005 <= truth * 1.2


def test_every_time_lies_within_its_slot() -> None:
    """No longer than the slot's limit, longer than the one before."""
    for elapsed_us in (0, 1, 99, 100, 101, 119, 5_000, 250_000, 10**9):
        number = slot(elapsed_us)

        assert elapsed_us <= limit_ms(number) * 1000 * 1.000001
        assert number == 0 or elapsed_us > limit_ms(number - 1) * 1000 * 0.999999


def test_groups_are_told_by_their_name_most_spawns_first() -> None:
    """What names no group is left out."""
    calls = {
        call("injected", root="/a"): 1,
        call("injected", root="/b"): 2,
        call("error", root=""): 9,
    }

    found = metrics.by(calls, "root", "project")

    assert [(one["project"], one["spawns"]) for one in found] == [("/b", 2), ("/a", 1)]
