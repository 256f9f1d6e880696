"""A git server announces a push, and server workers owe a fetch at once."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.serve.conftest import Daemon

URL = "https://git.example.org/shop/cart.git"
#: What git servers send of a push, as far as it matters.
PUSHES = {
    "own": {"url": URL},
    "github": {"ref": "refs/heads/main", "repository": {"clone_url": URL, "ssh_url": "x"}},
    "gitea": {"secret": "", "repository": {"ssh_url": "git@git.example.org:shop/cart.git"}},
    "gitlab": {"object_kind": "push", "project": {"git_http_url": URL}},
}


def rtkq(*words: str) -> str:
    """Return what a command prints."""
    command = [sys.executable, "-m", "rtkq.cli", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def served(
    start: Callable[..., Daemon], home: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> Daemon:
    """A team's daemon, and a central project that was fetched already."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", database)
    rtkq("central", "add", URL)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE central_project SET done_seq = owed_seq, fetched_at = now()")
    return start("--server")


def is_owed(database: str) -> bool:
    """Return whether a fetch is owed."""
    with psycopg.connect(database) as connection:
        ((owed,),) = connection.execute("SELECT owed_seq > done_seq FROM central_project")
    return bool(owed)


@pytest.mark.parametrize("push", PUSHES.values(), ids=PUSHES)
def test_push_is_owed_at_once(served: Daemon, database: str, push: dict[str, Any]) -> None:
    """However the git server tells of it."""
    token = rtkq("token", "add", "git", "--webhook", "--project", "git.example.org/*")

    answer = served.ask("POST", "/v1/webhook", push, {"Authorization": f"Bearer {token}"})

    assert (answer.status, answer.json["remote"]) == (200, "git.example.org/shop/cart")
    assert is_owed(database)


def test_token_comes_as_git_servers_send_it(served: Daemon, database: str) -> None:
    """As a password in the address, or in GitLab's own header."""
    token = rtkq("token", "add", "git", "--webhook")
    basic = base64.b64encode(f"rtkq:{token}".encode()).decode()

    for headers in ({"Authorization": f"Basic {basic}"}, {"X-Gitlab-Token": token}):
        assert served.ask("POST", "/v1/webhook", PUSHES["own"], headers).status == 200


@pytest.mark.parametrize("url", ["https://git.example.org/shop/none", "nothing", ""])
def test_refused_remote_looks_like_one_that_nobody_keeps(
    served: Daemon, database: str, url: str
) -> None:
    """Nobody finds out which there are."""
    token = rtkq("token", "add", "git", "--webhook", "--project", "git.example.org/other/*")
    every = rtkq("token", "add", "every", "--webhook")

    refused = served.ask("POST", "/v1/webhook", {"url": URL}, {"Authorization": f"Bearer {token}"})
    missing = served.ask("POST", "/v1/webhook", {"url": url}, {"Authorization": f"Bearer {every}"})

    assert refused.status == missing.status == 404
    kinds = [json.loads(one.body)["error"]["kind"] for one in (refused, missing)]
    assert kinds == ["project", "project"]
    assert not is_owed(database)
