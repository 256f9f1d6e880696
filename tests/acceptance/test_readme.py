"""What the README tells to copy works: the settings entry of Claude Code, and the two commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPAWN = ROOT / "tests/fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the README shows Linux's folders")


@pytest.fixture
def entry() -> dict[str, Any]:
    """The settings entry of the README."""
    (block,) = re.findall(
        r"^```json\n(.*?)^```$", ROOT.joinpath("README.md").read_text(), re.M | re.S
    )
    hooks: dict[str, Any] = json.loads(block)["hooks"]
    return hooks


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set no place for anything."""
    own = ("RTKQ_", "XDG_", "GIT_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    (tmp_path / "user").mkdir()
    patience = {"RTKQ_HOOK_DEADLINE_MS": "20000"}  # a busy machine is no reason to fail
    return inherited | patience | {"HOME": str(tmp_path / "user")}


def answer(command: str, user: dict[str, str], root: str) -> str:
    """Run a *command* as Claude Code does, for a spawn at *root*; return what it prints."""
    document = json.loads(SPAWN.read_text()) | {"cwd": root}
    document["tool_input"]["prompt"] = "refresh the session"
    done = subprocess.run(
        ["sh", "-c", command],
        input=json.dumps(document),
        env=user,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_entry_names_three_events_and_one_command(entry: dict[str, Any]) -> None:
    """The matcher is right for the tool's old name and its new one."""
    handlers = [handler for (group,) in entry.values() for handler in group["hooks"]]

    assert entry.keys() == {"PreToolUse", "SubagentStart", "SessionStart"}
    assert entry["PreToolUse"][0]["matcher"] == "Task|Agent"
    assert all(handler == handlers[0] for handler in handlers)


def test_entry_is_harmless_without_rtkq(
    entry: dict[str, Any], user: dict[str, str], checkout: Any
) -> None:
    """Somebody removes rtkq and forgets the entry: spawns go on in silence."""
    command = entry["PreToolUse"][0]["hooks"][0]["command"]

    assert answer(command, user, checkout.root) == ""


@on_linux
def test_entry_finds_the_hook_where_it_is_put(
    entry: dict[str, Any], user: dict[str, str], checkout: Any
) -> None:
    """For a user who has set nothing, the paths of the README are the right ones."""
    command = entry["PreToolUse"][0]["hooks"][0]["command"]
    refresh = [sys.executable, "-m", "rtkq.cli", "refresh", "--quiet", checkout.root]
    subprocess.run(refresh, env=user, check=True)

    answered = json.loads(answer(command, user, checkout.root))

    assert "SessionStore.refresh" in answered["hookSpecificOutput"]["updatedInput"]["prompt"]


def test_the_two_commands_are_targets() -> None:
    """``make demo`` and ``make test`` are the first things a stranger types."""
    commands = re.findall(r"^make (\w+)", ROOT.joinpath("README.md").read_text(), re.MULTILINE)

    assert commands == ["demo", "test"]
    for target in commands:
        assert f"\n{target}:" in ROOT.joinpath("Makefile").read_text()
