"""``rtkq doctor`` as a user and as a script call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Done = subprocess.CompletedProcess[str]


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody who has set up nothing."""
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(folder / ".claude"))
    monkeypatch.setenv("RTKQ_HOOK_DEADLINE_MS", "20000")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return folder


def rtkq(*words: str, **options: Any) -> Done:
    """Run a command of rtkq."""
    command = [sys.executable, "-m", "rtkq.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, **options)


def findings(done: Done) -> dict[str, dict[str, str]]:
    """Return what was printed for programs, by check; of several the worst."""
    order = ["ok", "warn", "fail"]
    listed = sorted(json.loads(done.stdout), key=lambda one: order.index(one["result"]))
    return {one["check"]: one for one in listed}


def test_illness_is_told_healed_and_gone(home: str, checkout: Any) -> None:
    """The three runs a user makes: look, repair, look again."""
    assert rtkq("refresh", checkout.root).returncode == 0
    Path(home, "hook/rtkq-hook").unlink()
    os.chmod(home, 0o755)

    before = rtkq("doctor", checkout.root, "--format", "json")
    fixing = rtkq("doctor", checkout.root, "--fix", "--format", "json")
    after = rtkq("doctor", checkout.root)

    assert (before.returncode, before.stderr) == (1, "")
    assert findings(before)["bundle"]["result"] == "fail"
    assert findings(before)["permissions"]["result"] == "fail"
    assert findings(fixing)["bundle"]["result"] == "ok"
    assert "put the hook" in findings(fixing)["bundle"]["fixed"]
    assert "closed" in findings(fixing)["permissions"]["fixed"]
    assert "fixed" not in after.stdout
    assert "  ok    bundle" in after.stdout


def test_hooks_are_the_users_to_install(home: str, checkout: Any) -> None:
    """`--fix` repairs what is there; it does not write into the settings of an agent unasked."""
    done = rtkq("doctor", checkout.root, "--fix", "--format", "json")

    assert done.returncode == 1
    assert findings(done)["hooks"]["hint"] == "run `rtkq init`"


def test_warnings_alone_leave_with_2(home: str, checkout: Any) -> None:
    """Hooks and memory are in place, but nothing runs."""
    assert rtkq("refresh", checkout.root).returncode == 0
    assert rtkq("init", cwd=checkout.root).returncode == 0

    done = rtkq("doctor", checkout.root)

    assert done.returncode == 2, done.stdout
    assert done.stdout.splitlines()[-1].startswith("0 failures, ")


@pytest.mark.parametrize("words", [["--frobnicate"], ["--format", "xml"], [".", "."]], ids=" ".join)
def test_wrong_usage_leaves_with_64(home: str, words: list[str]) -> None:
    """2 is taken."""
    assert rtkq("doctor", *words).returncode == 64


def test_nothing_is_made_by_looking(home: str, user: Path, checkout: Any) -> None:
    """On a machine where rtkq was never used."""
    assert rtkq("doctor", checkout.root).returncode == 1
    assert not os.path.exists(home)
    assert not list(user.iterdir())


def test_home_that_is_no_folder_ends_nothing(home: str, checkout: Any) -> None:
    """Each check that needs it fails by itself, and the others are still made."""
    Path(home).write_text("")

    done = rtkq("doctor", checkout.root, "--fix", "--format", "json")

    assert done.returncode == 1
    assert findings(done)["git"]["result"] == "ok"
    assert "Traceback" not in done.stderr


def test_wrong_configuration_is_a_finding_like_others(home: str, checkout: Any) -> None:
    """Every other command stops at it."""
    Path(os.environ["RTKQ_CONFIG"]).write_text("[hook]\nbudget = 500\n")

    found = findings(rtkq("doctor", checkout.root, "--format", "json"))

    assert found["configuration"]["result"] == "fail"
    assert "budget" in found["configuration"]["detail"]
    assert found["git"]["result"] == "ok"
