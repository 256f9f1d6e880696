"""Each path answers those whom it is for, and tells each of them what exists for them alone."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from rtkq import config, store
from rtkq.access import Grant, Role, digest_of
from rtkq.config import Settings
from rtkq.errors import StoreError
from rtkq.serve.app import application
from rtkq.serve.failures import Refused
from rtkq.serve.grants import Grants
from rtkq.serve.service import Service
from rtkq.store.grants import LocalGrants
from rtkq_workers.chores.contribute import contribute
from rtkq_workers.chores.fold import fold
from rtkq_workers.rebuild import rebuild
from tests.conftest import Checkout
from tests.integration.serve.conftest import Answer, Daemon
from tests.integration.serve.test_hook import spawn
from tests.integration.test_fold import write
from tests.postgres import Server

_PATIENCE_S = 20.0


class Rule(NamedTuple):
    """What a path answers to whom."""

    #: Status for who shows nothing, and for who may only announce changes.
    stranger: int
    webhook: int
    #: Status for a reader.
    reader: int
    #: What is asked of a project; None where no project is named.
    body: dict[str, Any] | None = None
    owner: int = 200


OPEN = Rule(200, 200, 200)
LISTED = Rule(401, 403, 200)
OWNERS = Rule(401, 403, 403, {})
#: Nothing is kept for the team here: who may announce anything finds nothing.
HOOKED = Rule(401, 404, 403, {}, owner=404)
#: A new path needs a rule here.
RULES = {
    ("GET", "/v1/health"): OPEN,
    ("GET", "/v1/openapi.json"): OPEN,
    ("GET", "/"): OPEN,
    ("GET", "/page/{name}"): OPEN,
    ("GET", "/v1/status"): LISTED,
    ("GET", "/metrics"): LISTED,
    ("GET", "/v1/live"): LISTED,
    ("GET", "/v1/picture"): Rule(401, 403, 200, {}),
    ("POST", "/v1/plan"): Rule(401, 403, 200, {"task": "refresh the session"}),
    ("POST", "/v1/explore"): Rule(401, 403, 200, {}),
    ("POST", "/v1/context"): Rule(401, 403, 200, {}),
    ("POST", "/v1/delta"): Rule(401, 403, 200, {}),
    ("POST", "/v1/hook/{agent}"): Rule(401, 403, 200, spawn("", "refresh the session")),
    ("POST", "/v1/refresh"): OWNERS,
    ("POST", "/v1/webhook"): HOOKED,
}
ASKED = [one for one, rule in RULES.items() if rule.body is not None and rule.reader == 200]


class Team:
    """A daemon for a team, two projects, and a token for each kind of caller."""

    def __init__(self, folder: Path) -> None:
        self.home = os.path.realpath(folder / "home")
        self.shop, self.bank = (self._project(folder / name) for name in ("shop", "bank"))
        self.tokens = {
            "stranger": "",
            "owner": "the-owner's",
            "webhook": self.add("webhook", "--webhook"),
            "all": self.add("all"),
            "shop": self.add("shop", "--project", "*/shop"),
        }
        self.daemon = Daemon(self.home, "--server", RTKQ_SERVE_TOKEN=self.tokens["owner"])

    def _project(self, folder: Path) -> str:
        made = Checkout(folder)
        made.write("src/session.py", f"def refresh_{folder.name}(session):\n    pass\n")
        made.commit("start")
        store.register(self.home, made.root)
        rebuild(self.home, made.root)
        return made.root

    def rtkq(self, *words: str) -> str:
        """Return what a command prints."""
        environment = os.environ | {"RTKQ_HOME": self.home}
        command = [sys.executable, "-m", "rtkq.cli", *words]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        ).stdout

    def add(self, name: str, *options: str) -> str:
        """Return a new token."""
        return self.rtkq("token", "add", name, *options).strip()

    def ask(self, who: str, method: str, path: str, root: str | None = None) -> Answer:
        """Ask as one of the callers, about the project at *root*."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if self.tokens[who] else {}
        body = None
        if root is not None and method == "POST":
            named = {"cwd": root} if "hook" in path else {"project_root": root}
            body = (RULES[method, path].body or {}) | named
        elif root is not None:
            path += f"?project_root={root}"
        path = path.format(name="page.js", agent="claude-code")
        return self.daemon.ask(method, path, body, headers, is_event="live" in path)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """One daemon for all tests: none of them changes it."""
    made = Team(tmp_path_factory.mktemp("team"))
    yield made
    assert made.daemon.stop() == 0
    assert made.daemon.process.stderr is not None
    told = made.daemon.process.stderr.read()
    made.daemon.process.stderr.close()
    assert [token for token in made.tokens.values() if token and token in told] == []


def test_every_path_has_a_rule(tmp_path: Path) -> None:
    """Who adds one says here whom it answers."""
    service = Service(Settings(home=str(tmp_path)))
    app = application(service)
    assert isinstance(app, Starlette)

    routes = [route for route in app.routes if isinstance(route, Route)]
    service.close()

    assert len(routes) == len(app.routes)
    assert {(m, one.path) for one in routes for m in one.methods or () if m != "HEAD"} == set(RULES)


@pytest.mark.parametrize(("method", "path"), RULES, ids=[path for _, path in RULES])
def test_path_answers_whom_it_is_for(team: Team, method: str, path: str) -> None:
    """By the rule of the path, and the owner always."""
    rule = RULES[method, path]
    root = None if rule.body is None else team.shop
    expected = {
        "stranger": rule.stranger,
        "webhook": rule.webhook,
        "shop": rule.reader,
        "all": rule.reader,
        "owner": rule.owner,
    }

    assert {who: team.ask(who, method, path, root).status for who in expected} == expected


@pytest.mark.parametrize(("method", "path"), ASKED, ids=[path for _, path in ASKED])
def test_refused_project_looks_like_one_that_does_not_exist(
    team: Team, method: str, path: str
) -> None:
    """Same status, same words, but for the name that was asked for."""
    nowhere = os.path.dirname(team.bank) + "/hank"

    refused = team.ask("shop", method, path, team.bank)
    missing = team.ask("shop", method, path, nowhere)
    seen = team.ask("all", method, path, team.bank)

    assert refused.status == missing.status
    assert refused.body.replace(b"/bank", b"/hank") == missing.body
    assert seen.body != refused.body


@pytest.mark.parametrize("path", ["/v1/status", "/metrics", "/v1/live"])
def test_lists_name_what_the_caller_sees(team: Team, path: str) -> None:
    """And count nothing else."""
    for root in (team.shop, team.bank):
        team.ask("all", "POST", "/v1/hook/{agent}", root)

    seen, every = (team.ask(who, "GET", path).body.decode() for who in ("shop", "all"))

    assert (team.shop in seen, team.bank in seen) == (True, False)
    assert (team.shop in every, team.bank in every) == (True, True)


def test_metrics_count_what_the_caller_sees(team: Team) -> None:
    """A sum would tell how busy the others are."""
    for root in (team.shop, team.bank, team.bank):
        team.ask("all", "POST", "/v1/hook/{agent}", root)

    seen, every = (calls(team.ask(who, "GET", "/metrics").body) for who in ("shop", "all"))

    assert 0 < seen < every


def calls(body: bytes) -> float:
    lines = body.decode().splitlines()
    return sum(float(one.split()[-1]) for one in lines if one.startswith("rtkq_hook_calls_total{"))


@pytest.mark.parametrize(
    "header", ["Bearer rtkq_none", "Bearer ", "Bearer \xe9", "Basic YTpi", "x"]
)
def test_what_is_no_token_is_refused(team: Team, header: str) -> None:
    """Also one that is of no form at all."""
    answer = team.daemon.ask("GET", "/v1/status", headers={"Authorization": header})

    assert (answer.status, answer.json["error"]["kind"]) == (401, "token")


def test_wrong_token_is_refused_where_none_is_needed(team: Team) -> None:
    """Who shows one believes to be known."""
    answer = team.daemon.ask("GET", "/v1/health", headers={"Authorization": "Bearer rtkq_none"})

    assert answer.status == 401


def test_unix_socket_is_the_owners(team: Team) -> None:
    """Who can open its file is the user already."""
    answer = team.daemon.ask("GET", "/v1/status", over_unix=True)

    assert team.bank in answer.body.decode()


def test_caller_who_is_not_the_owner_registers_nothing(team: Team, tmp_path: Path) -> None:
    """A receipt would let the watcher take the checkout up."""
    other = Checkout(tmp_path / "other")
    before = receipts_in(team.home)

    answer = team.ask("all", "POST", "/v1/hook/{agent}", other.root)

    assert (answer.status, answer.json) == (200, {})
    assert receipts_in(team.home) == before


def receipts_in(home: str) -> str:
    folder = Path(home, "receipts")
    return "".join(file.read_text() for file in sorted(folder.glob("*.log")))


def test_removed_token_is_not_known_any_more(team: Team) -> None:
    """And who watches by it sees no more."""
    token = team.add("leaver")
    headers = {"Authorization": f"Bearer {token}"}
    with team.daemon.stream("/v1/live", headers) as watched:
        assert watched.readline()

        team.rtkq("token", "remove", "leaver")

        until(lambda: team.daemon.ask("GET", "/v1/status", headers=headers).status == 401)
        until(lambda: not watched.readline())


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_expired_token_is_not_known(team: Team) -> None:
    """Its grant is listed still, as what it is."""
    token = team.add("brief", "--expires", "0m")

    answer = team.daemon.ask("GET", "/v1/status", headers={"Authorization": f"Bearer {token}"})

    told = json.loads(team.rtkq("token", "list", "--format", "json"))
    assert answer.status == 401
    assert {one["name"]: one["is_valid"] for one in told}["brief"] is False


def test_grants_are_read_once_in_two_seconds(home: str) -> None:
    """However many ask; so long may a token outlive its removal."""
    instants = iter((100.0, 101.9, 102.1))
    stored = LocalGrants(home)
    grants = Grants(stored, clock=lambda: next(instants))

    async def names() -> list[str]:
        return [one.name for one in await grants.read()]

    async def play() -> list[list[str]]:
        before = await names()
        stored.add(Grant("anna", digest_of("token"), Role.READER, (), 0))
        return [before, await names(), await names()]

    assert asyncio.run(play()) == [[], [], ["anna"]]


def test_grants_that_cannot_be_read_let_nobody_in(home: str) -> None:
    """What was true some time ago is not believed."""
    LocalGrants(home).remove("makes the folder")
    Path(home, "grants.json").write_text("{")

    with pytest.raises(Refused) as raised:
        asyncio.run(Grants(LocalGrants(home)).read())

    assert raised.value.status == 503


def test_those_who_waited_in_vain_do_not_wait_again(home: str) -> None:
    """A database that is silent for seconds must not let requests queue up behind each other."""
    attempts: list[float] = []
    now = 0.0

    class Silent(LocalGrants):
        def grants(self) -> list[Grant]:
            nonlocal now
            attempts.append(now)
            now += 3.0
            raise StoreError("no answer")

    async def play() -> list[object]:
        grants = Grants(Silent(home), clock=lambda: now)
        asked = [grants.read() for _ in range(10)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    assert {type(one) for one in asyncio.run(play())} == {Refused}
    assert attempts == [0.0]


def test_tokens_of_the_team_are_known_wherever_it_is_served(
    start: Callable[..., Daemon], home: str, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its database is away nobody is let in by them; the owner always is."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", postgres.database())
    added = [sys.executable, "-m", "rtkq.cli", "token", "add", "anna"]
    token = subprocess.run(added, check=True, capture_output=True, text=True).stdout.strip()
    daemon = start("--server", RTKQ_SERVE_TOKEN="the-owner's")

    def status_of(bearer: str) -> int:
        headers = {"Authorization": f"Bearer {bearer}"}
        return daemon.ask("GET", "/v1/status", headers=headers).status

    assert status_of(token) == 200
    with postgres.stopped():
        until(lambda: status_of(token) == 503)
        assert status_of("the-owner's") == 200
    until(lambda: status_of(token) == 200)


def test_metrics_of_the_team_count_what_the_caller_sees(
    start: Callable[..., Daemon],
    home: str,
    tmp_path: Path,
    postgres: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By remotes there; and without the team's database nothing else is missing."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", postgres.database())
    daemon = start("--server", RTKQ_SERVE_TOKEN="the-owner's")
    added = [sys.executable, "-m", "rtkq.cli", "token", "add", "anna", "--project", "*/shop"]
    token = subprocess.run(added, check=True, capture_output=True, text=True).stdout.strip()
    for name in ("shop", "bank"):
        checkout = Checkout(tmp_path / name)
        checkout.git("remote", "add", "origin", f"https://github.com/acme/{name}")
        write(home, root=checkout.root)
    fold(home)
    contribute(config.load())

    def told(bearer: str) -> dict[str, float]:
        answer = daemon.ask("GET", "/metrics", headers={"Authorization": f"Bearer {bearer}"})
        lines = [line.rpartition(" ") for line in answer.body.decode().splitlines()]
        totals = [(name.partition("{")[0], float(n)) for name, _, n in lines if name[:1] != "#"]
        return {name: sum(n for other, n in totals if other == name) for name, _ in totals}

    assert told(token)["rtkq_team_hook_calls_total"] == 1
    assert told("the-owner's")["rtkq_team_hook_calls_total"] == 2
    assert told("the-owner's")["rtkq_team_machines"] == 1
    with postgres.stopped():
        found = told("the-owner's")
        assert (found["rtkq_team_up"], found["rtkq_hook_calls_total"]) == (0, 2)
