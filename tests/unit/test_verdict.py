"""One line tells whether it works, and if it does whether something deserves a look."""

from __future__ import annotations

from typing import Any

import pytest

from rtkq.answers.lately import Spawns
from rtkq.answers.verdict import verdict

ALIVE = {"watch": {"is_alive": True}, "worker": {"is_alive": True}}
QUIET = Spawns()


def project(state: str = "fresh", last_error: str = "") -> dict[str, Any]:
    """Return as much of a project's report as counts here."""
    return {"state": state, "last_error": last_error}


@pytest.mark.parametrize(
    ("processes", "named"),
    [
        ({"watch": None, "worker": {"is_alive": True}}, "watcher not running"),
        ({"watch": {"is_alive": True}, "worker": {"is_alive": False}}, "workers not running"),
        ({"watch": None, "worker": None}, "watcher and workers not running"),
    ],
)
def test_without_watcher_or_workers_it_does_not_work(processes: Any, named: str) -> None:
    """However fresh everything still is; and it says what would help."""
    found = verdict([project()], processes, Spawns(5, 5))

    assert found.level == "ill"
    assert named in found.text
    assert "`rtkq up`" in found.text


@pytest.mark.parametrize(
    ("projects", "lately", "told"),
    [
        ([project(), project(last_error="disk full")], QUIET, "1 of 2 projects is in trouble"),
        ([project("missing", "gone")], QUIET, "the project is in trouble"),
        ([project()], Spawns(7, 0), "no spawn of the last hour got a context (7 seen)"),
        ([project("dirty")], QUIET, "the project is dirty"),
        ([project("missing")], QUIET, "the project is without a memory"),
        ([project("dirty"), project("stale"), project()], QUIET, "2 of 3 projects are dirty or"),
        ([], QUIET, "no project is registered yet"),
    ],
)
def test_what_deserves_a_look_is_named(projects: Any, lately: Spawns, told: str) -> None:
    """It works, but somebody may want to know."""
    found = verdict(projects, ALIVE, lately)

    assert found.level == "care"
    assert told in found.text


@pytest.mark.parametrize("lately", [QUIET, Spawns(9, 1)])
def test_otherwise_all_is_well(lately: Spawns) -> None:
    """Nobody need spawn for that, and not every spawn need get a context."""
    assert verdict([project(), project()], ALIVE, lately).level == "well"
