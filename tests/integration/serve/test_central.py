"""Who has no memory here is answered from the team's, in time; who has one never waits for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtkq import receipts, store
from rtkq.paths import receipts_folder
from rtkq.team.postgres import Postgres
from rtkq_workers.rebuild import rebuild
from tests.conftest import Checkout
from tests.integration.serve.conftest import Answer, Daemon
from tests.integration.serve.test_hook import spawn
from tests.integration.team import central
from tests.postgres import Proxy, Server

TASK = "refresh the session"
_URL = "ssh://git@Example.org/shop/cart.git"
_PATIENCE_S = 30.0
#: Long enough for a server that answers, however busy the machine is.
_DEADLINE_MS = "10000"


@pytest.fixture
def server(database: str, tmp_path: Path, checkout: Checkout) -> Iterator[Postgres]:
    """A server on which a worker of the team has published the memory of a remote."""
    worker = str(tmp_path / "worker")
    with pytest.MonkeyPatch.context() as patch, Postgres(database, is_publishing=True) as made:
        patch.setenv("RTKQ_HOME", worker)
        central.build(worker, checkout.root).close()
        central.publish(made, central.add(made), worker, checkout)
        yield made


@pytest.fixture
def clone(server: Postgres, checkout: Checkout, tmp_path: Path) -> Checkout:
    """Somebody's clone of the remote, which no memory here is about."""
    made = Checkout(tmp_path / "clone")
    made.git("fetch", "-q", checkout.root)
    made.git("checkout", "-q", "-B", "main", "FETCH_HEAD")
    made.git("remote", "add", "origin", _URL)
    return made


@pytest.fixture
def team(start: Callable[..., Daemon], proxy: Proxy, database: str, clone: Checkout) -> Daemon:
    """A daemon that reads the team's memories by way of the proxy, and has found them."""
    daemon = start(RTKQ_DATABASE_URL=proxy.url(database), RTKQ_HOOK_DEADLINE_MS=_DEADLINE_MS)
    until(lambda: "session.py" in context(daemon, clone))
    return daemon


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def hook(daemon: Daemon, checkout: Checkout, task: str = TASK) -> Answer:
    """Let a subagent be spawned in a checkout."""
    return daemon.post("/v1/hook/claude-code", **spawn(checkout.root, task))


def context(daemon: Daemon, checkout: Checkout, task: str = TASK) -> str:
    """Return the prompt that a subagent in *checkout* is given; empty for its own."""
    given = hook(daemon, checkout, task).json
    prompt = given.get("hookSpecificOutput", {}).get("updatedInput", {}).get("prompt", "")
    return str(prompt)


def outcomes(home: str, root: str) -> list[str]:
    """Return the outcomes of all calls from *root*, in order."""
    files = sorted(Path(receipts_folder(home)).glob("*.log"))
    found = [one for file in files for one in receipts.read(str(file))[0]]
    return [one["outcome"] for one in found if one["root"] == root]


def test_clone_without_a_memory_is_given_the_teams(
    team: Daemon, clone: Checkout, home: str
) -> None:
    """Its origin is spelled in another way; the header says whose memory it is."""
    clone.write("src/cache.py", "def evict_all(): ...\n")

    first, *lines = context(team, clone, "refresh the session, evict the cache").splitlines()

    commit = clone.git("rev-parse", "HEAD").strip()
    assert first.startswith('<rtkq-context project="clone" state="dirty" generation="1"')
    assert first.endswith(f' source="team" commit="{commit}">')
    assert "src/session.py" in lines
    assert "src/cache.py (changed since indexed)" in lines
    assert outcomes(home, clone.root)[-1] == "injected"


def test_memory_of_this_machine_comes_first(team: Daemon, clone: Checkout, home: str) -> None:
    """It is nearer, and nobody has to be asked for it."""
    store.register(home, clone.root)
    rebuild(home, clone.root)

    assert "session.py" in context(team, clone)
    assert "source=" not in context(team, clone)


def test_memory_that_is_not_finished_gives_way(team: Daemon, clone: Checkout, home: str) -> None:
    """While the first build goes on, the team knows more."""
    store.register(home, clone.root)

    assert 'source="team"' in context(team, clone)


def test_worktree_is_rather_given_the_memory_of_its_main_checkout(
    team: Daemon, clone: Checkout, home: str
) -> None:
    """It lies here."""
    store.register(home, clone.root)
    rebuild(home, clone.root)
    clone.git("worktree", "add", "-q", f"{clone.root}/../tree", "-b", "topic")
    tree = Checkout.__new__(Checkout)
    tree.root = str(Path(clone.root, "../tree").resolve())

    assert "session.py" in context(team, tree)
    assert "source=" not in context(team, tree)


def test_next_generation_is_seen_at_once(
    team: Daemon, clone: Checkout, server: Postgres, checkout: Checkout, tmp_path: Path
) -> None:
    """Nothing of the generation before is kept."""
    worker = str(tmp_path / "worker")
    checkout.write("src/session.py", "def refresh_everything(session): ...\n")
    checkout.commit("change")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTKQ_HOME", worker)
        central.build(worker, checkout.root).close()
    (project,) = server.rows("SELECT id FROM central_project")[0]
    central.publish(server, project, worker, checkout)

    given = context(team, clone)

    assert 'generation="2"' in given
    assert "refresh_everything" in given
    assert "src/session.py (changed since indexed)" in given


def test_checkout_of_another_remote_is_given_nothing(
    team: Daemon, clone: Checkout, home: str, tmp_path: Path
) -> None:
    """Nor one that has no remote."""
    other = Checkout(tmp_path / "other")
    other.commit("start")
    assert context(team, other) == ""

    other.git("remote", "add", "origin", "https://example.org/shop/mail.git")

    assert context(team, other) == ""
    assert outcomes(home, other.root) == ["unknown", "unknown"]


def test_silent_server_costs_one_hook_its_deadline_and_the_next_nothing(
    start: Callable[..., Daemon], proxy: Proxy, database: str, clone: Checkout, home: str
) -> None:
    """What the first has found out the others need not."""
    daemon = start(RTKQ_DATABASE_URL=proxy.url(database), RTKQ_HOOK_DEADLINE_MS="1000")
    until(lambda: "session.py" in context(daemon, clone))
    proxy.delay_s = 60.0

    assert hook(daemon, clone).json == {}
    assert hook(daemon, clone).json == {}

    assert outcomes(home, clone.root)[-2:] == ["deadline", "unknown"]


def test_memories_of_this_machine_are_served_while_the_server_is_silent(
    team: Daemon, proxy: Proxy, clone: Checkout, home: str
) -> None:
    """As if there were no team."""
    proxy.delay_s = 60.0
    store.register(home, clone.root)
    rebuild(home, clone.root)

    assert "session.py" in context(team, clone)


def test_server_that_comes_back_is_read_again(
    team: Daemon, postgres: Server, clone: Checkout
) -> None:
    """Without a new start, and nobody's hook has to find out."""
    with postgres.stopped():
        assert hook(team, clone).json == {}

    until(lambda: "session.py" in context(team, clone))


def test_plan_is_answered_for_a_clone_without_a_memory(team: Daemon, clone: Checkout) -> None:
    """And so are the layers, as for a project of this machine."""
    found = team.post("/v1/plan", project_root=f"{clone.root}/src", task=TASK).json
    layers = team.post("/v1/explore", project_root=clone.root).json

    assert (found["project"], found["state"]) == (clone.root, "fresh")
    assert found["files"][0]["path"] == "src/session.py"
    assert 'source="team"' in found["text"]
    assert "src/session.py" in json.dumps(layers["context"])
    assert layers["stats"]["files"] == 5


@pytest.mark.parametrize("remote", [_URL, "example.org/shop/cart"])
def test_plan_is_answered_for_a_remote_alone(team: Daemon, clone: Checkout, remote: str) -> None:
    """For who has no files here; fresh if it is the commit he works on."""
    elsewhere = "/home/anna/cart"
    commit = clone.git("rev-parse", "HEAD").strip()

    known = team.post("/v1/plan", remote=remote, commit=commit, task=TASK).json
    other = team.post("/v1/plan", remote=remote, project_root=elsewhere, task=TASK).json

    assert (known["project"], known["state"]) == ("example.org/shop/cart", "fresh")
    assert other["state"] == "dirty"
    assert known["files"][0]["path"] == "src/session.py"
    assert known["text"].startswith('<rtkq-context project="cart" state="fresh"')


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"remote": "https://example.org/none", "task": TASK}, 404),
        ({"task": TASK}, 404),
        ({"remote": "example.org/shop/cart", "project_root": "", "task": TASK}, 422),
        ({"project_root": "/", "task": TASK}, 404),
    ],
)
def test_what_names_no_memory_is_refused(team: Daemon, body: dict[str, Any], status: int) -> None:
    """With an error that says what was wrong."""
    answer = team.post("/v1/plan", **body)

    assert answer.status == status
    assert answer.json["error"]["message"]


def test_daemon_without_a_team_refuses_remotes(daemon: Daemon) -> None:
    """There is nobody to ask."""
    answer = daemon.post("/v1/plan", remote="https://example.org/shop/cart", task=TASK)

    assert (answer.status, answer.json["error"]["kind"]) == (404, "project")


def test_bearer_sees_no_remote_that_the_grant_does_not_name(
    start: Callable[..., Daemon], database: str, clone: Checkout, home: str, server: Postgres
) -> None:
    """Neither by its name nor by a checkout of it."""
    environment = {"RTKQ_DATABASE_URL": database, "RTKQ_HOOK_DEADLINE_MS": _DEADLINE_MS}
    tokens = {
        "anna": granted("anna", "example.org/shop/*", environment),
        "ben": granted("ben", "example.org/mail/*", environment),
    }
    daemon = start("--server", RTKQ_SERVE_TOKEN="the-owner's", **environment)

    def plan(name: str) -> Answer:
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        return daemon.ask("POST", "/v1/plan", {"remote": _URL, "task": TASK}, headers)

    until(lambda: plan("anna").status == 200)
    assert plan("ben").status == 404


def granted(name: str, projects: str, environment: dict[str, str]) -> str:
    """Return a new token, of somebody who may see these projects."""
    command = [sys.executable, "-m", "rtkq.cli", "token", "add", name, "--project", projects]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | environment
    )
    return done.stdout.strip()
