"""Over HTTP the commands say what they say in the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from rtkq.serve import shapes
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon

_ASKED = [
    ("plan", {"task": "refresh the session", "trace": True}, shapes.PlanAnswer),
    ("explore", {"query_type": "bugfix", "detail": "compact"}, shapes.ExploreAnswer),
    ("context", {}, shapes.ExploreAnswer),
    ("delta", {"since": "HEAD"}, shapes.DeltaAnswer),
]


def printed(*words: str) -> Any:
    """Return the document that a command prints."""
    command = [sys.executable, "-m", "rtkq.cli", *words, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_plan_answers_what_the_command_prints(daemon: Daemon, project: Checkout) -> None:
    """All but the time it took."""
    answer = daemon.post("/v1/plan", project_root=project.root, task="refresh the session")

    expected = printed("plan", "refresh the session", project.root)
    assert answer.status == 200
    assert answer.json | {"elapsed_ms": 0} == expected | {"elapsed_ms": 0}
    assert "src/session.py" in answer.json["text"]


def test_explore_answers_what_the_command_prints(daemon: Daemon, project: Checkout) -> None:
    """With the query type taken from the words of a task, too."""
    answer = daemon.post("/v1/explore", project_root=project.root, task="fix the crash at login")

    expected = printed("explore", project.root, "--query-type", "bugfix")
    assert answer.json == expected


def test_delta_answers_what_the_command_prints(daemon: Daemon, project: Checkout) -> None:
    """A file that was added since the build."""
    project.write("src/new.py", "def fresh(): pass\n")

    answer = daemon.post("/v1/delta", project_root=project.root)

    assert answer.json == printed("delta", project.root)
    assert answer.json["files"] == [{"path": "src/new.py", "change": "added"}]


@pytest.mark.parametrize(("name", "asked", "shape"), _ASKED, ids=[name for name, *_ in _ASKED])
def test_answers_have_the_shape_that_is_described(
    daemon: Daemon, project: Checkout, name: str, asked: dict[str, Any], shape: type
) -> None:
    """Every field that the OpenAPI document promises, of the type it says."""
    answer = daemon.post(f"/v1/{name}", project_root=project.root, **asked)

    msgspec.json.decode(answer.body, type=shape)
    assert set(answer.json) == {field.name for field in msgspec.structs.fields(shape)}


def test_status_tells_of_one_project_or_of_all(daemon: Daemon, project: Checkout) -> None:
    """Named by any folder in it."""
    one = daemon.ask("GET", f"/v1/status?project_root={project.root}/src").json
    every = daemon.ask("GET", "/v1/status").json

    ages = [answer["projects"][0].pop("age_s") for answer in (one, every)]
    assert [entry["project"] for entry in one["projects"]] == [project.root]
    assert one == every
    assert ages[0] <= ages[1]
    every["projects"][0]["age_s"] = ages[1]
    msgspec.convert(every, shapes.StatusAnswer)


def test_refresh_brings_a_memory_up_to_date(daemon: Daemon, project: Checkout) -> None:
    """The answer comes when it is done."""
    project.write("src/new.py", "def entirely_new_thing(): pass\n")

    answer = daemon.post("/v1/refresh", project_root=project.root)

    assert answer.json["projects"][0]["state"] == "fresh"
    found = daemon.post("/v1/plan", project_root=project.root, task="entirely_new_thing").json
    assert found["files"][0]["path"] == "src/new.py"


def test_folders_outside_of_registered_projects_are_refused(
    daemon: Daemon, project: Checkout
) -> None:
    """Whatever way leads out of one."""
    for folder in ("/etc", f"{project.root}/../..", "relative", "", f"{project.root}\0", "/"):
        answer = daemon.post("/v1/plan", project_root=folder, task="read the passwords")

        assert answer.status in (404, 422), folder
        assert set(answer.json["error"]) == {"kind", "message", "hint"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 422),
        ({"project_root": "/"}, 422),
        ({"project_root": "/", "task": "x", "unknown": 1}, 422),
        ({"project_root": "/", "task": "x", "budget": 1}, 422),
        ({"project_root": "/", "task": None}, 422),
    ],
)
def test_bodies_that_do_not_fit_are_told_why(daemon: Daemon, body: Any, status: int) -> None:
    """In the words of the command line's errors."""
    answer = daemon.ask("POST", "/v1/plan", body)

    assert answer.status == status
    assert answer.json["error"]["message"]
