"""Who has no team pays nothing for it: no command loads a driver, installed or not."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

PROBE = """\
import runpy, sys
sys.argv = ["rtkq", *sys.argv[1:]]
try:
    runpy.run_module("rtkq.cli", run_name="__main__")
finally:
    names = {name.partition(".")[0] for name in sys.modules}
    print(*sorted(names & {"psycopg", "redis"}), "rtkq.team.shared_facts" in sys.modules)
"""
#: What answers whom, over HTTP and in numbers, before anything of a team is asked.
IMPORTED = "rtkq.answers.metrics", "rtkq.answers.team_metrics", "rtkq.serve.run", "rtkq_workers.run"


def loaded(root: str, *command: str, **environment: str) -> str:
    """Return what a command has loaded of the team mode when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *command, root],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    return done.stdout.splitlines()[-1].strip()


@pytest.mark.parametrize("command", [["status"], ["refresh", "-q"], ["plan", "the cache"]])
def test_commands_without_a_team_load_no_driver(
    home: str, checkout: Any, command: list[str]
) -> None:
    """Peewee and Huey would import each that is installed, and this one is."""
    assert find_spec("psycopg") is not None

    assert loaded(checkout.root, *command) == "False"


def test_daemon_and_worker_without_a_team_load_no_driver() -> None:
    """Nor what only a team's daemon needs to know callers by."""
    unwanted = {"psycopg", "redis", "rtkq.team.counts_table", "rtkq.team.grants_table"}
    probe = f"import sys, {', '.join(IMPORTED)}; print(*{unwanted} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)

    assert (found.returncode, found.stdout.strip()) == (0, "")


def test_refresh_with_a_team_loads_the_driver(home: str, checkout: Any) -> None:
    """Else the test above could not fail."""
    url = "postgresql://127.0.0.1:1/none"

    assert loaded(checkout.root, "refresh", "-q", RTKQ_DATABASE_URL=url) == "psycopg True"


def test_status_with_a_team_asks_nobody(home: str, checkout: Any) -> None:
    """It tells what the last to ask has found."""
    url = "postgresql://127.0.0.1:1/none"

    assert "psycopg" not in loaded(checkout.root, "status", RTKQ_DATABASE_URL=url)
