"""``rtkq service`` as a user calls it, with a stand-in for systemd's tools on PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]


def rtkq(*words: str) -> Done:
    """Run a command of rtkq."""
    command = [sys.executable, "-m", "rtkq.cli", *words]
    return subprocess.run(command, capture_output=True, text=True)


def conditions(*words: str) -> dict[str, tuple[str, str]]:
    """Return state and change of each service, as the command prints them for programs."""
    told = json.loads(rtkq("service", *words, "--format", "json").stdout)
    return {one["service"]: (one["state"], one["change"]) for one in told}


linux_only = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has launchd")


@linux_only
def test_services_live_from_install_to_uninstall(home: str, managed: Path) -> None:
    """Each step is safe to repeat and tells what it did."""
    states = {"watch": "running", "worker": "running", "serve": "listening"}

    def all_are(change: str) -> dict[str, tuple[str, str]]:
        return {name: (state, change) for name, state in states.items()}

    assert rtkq("service", "status").returncode == 1
    assert conditions("install") == all_are("written")
    assert conditions("install") == all_are("unchanged")
    assert conditions("status") == all_are("")
    assert rtkq("service", "status").returncode == 0
    assert set(conditions("uninstall").values()) == {("absent", "removed")}
    assert set(conditions("uninstall").values()) == {("absent", "unchanged")}
    assert "nothing to remove" in rtkq("service", "uninstall").stdout
    assert not list(managed.rglob("*rtkq*"))


@linux_only
def test_unit_starts_this_rtkq_in_this_home(home: str, managed: Path) -> None:
    """Not whatever PATH finds later, and not the default home."""
    assert rtkq("service", "install").returncode == 0

    unit = (managed / ".config/systemd/user/rtkq-watch.service").read_text()
    start = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    program = start.partition('"')[2].partition('"')[0]

    assert os.path.dirname(program) == os.path.dirname(sys.executable)
    assert f'Environment="RTKQ_HOME={home}"' in unit


@linux_only
def test_logs_come_from_the_journal(home: str, managed: Path) -> None:
    """Of our units alone, and not more lines than asked for."""
    done = rtkq("service", "logs", "--lines", "7")

    assert done.returncode == 0
    assert "--lines 7 --user-unit rtkq-watch.service --user-unit rtkq-worker.service" in done.stdout


@linux_only
@pytest.mark.parametrize("action", ["install", "status", "logs"])
def test_without_a_manager_the_way_by_hand_is_told(home: str, user: Path, action: str) -> None:
    """As in a container; exit code 1, for what was wished did not happen."""
    done = rtkq("service", action)

    assert (done.returncode, done.stdout) == (1, "")
    assert "systemd's user manager does not answer" in done.stderr
    assert "rtkq up" in done.stderr


def doctor(*words: str) -> list[dict[str, str]]:
    """Return what the doctor says of the service."""
    told = json.loads(rtkq("doctor", *words, "--format", "json").stdout)
    return [one for one in told if one["check"] == "service"]


@linux_only
def test_doctor_starts_what_was_stopped(home: str, managed: Path) -> None:
    """And renews what another version wrote; where nothing is installed it has nothing to say."""
    assert doctor() == []
    assert rtkq("service", "install").returncode == 0
    Path(os.environ["KEPT"], "rtkq-watch.service").unlink()
    unit = managed / ".config/systemd/user/rtkq-worker.service"
    unit.write_text(unit.read_text().replace("Nice=5", "Nice=0"))

    before, healed = doctor(), doctor("--fix")

    assert [(one["result"], one["detail"].split()[0]) for one in before] == [
        ("fail", "watch"),
        ("warn", str(unit)),
    ]
    assert [one["result"] for one in healed] == ["ok"]
    assert healed[0]["fixed"].startswith("started the services: watch running")
    assert "Nice=5" in unit.read_text()
