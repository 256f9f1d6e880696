"""What the tool before rtkq has left is found wherever it lies, and goes only on request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtkq import agents
from rtkq.agents import State, old_tool

from .conftest import User

SCRIPTS = ("rtk-mem-context.sh", "rtk-block-native-explore.sh", "rtk-block-task.sh")


def entry(*commands: str) -> dict[str, Any]:
    """Return a group of handlers."""
    return {"matcher": "Task", "hooks": [{"type": "command", "command": one} for one in commands]}


@pytest.fixture
def old(user: User) -> dict[str, Any]:
    """Settings with the old tool's entries, one in a group with another's, and its scripts."""
    folder = user.home / ".claude/hooks"
    folder.mkdir(parents=True)
    for name in SCRIPTS:
        (folder / name).touch()
    elsewhere = user.home / "tools" / SCRIPTS[2]
    elsewhere.parent.mkdir()
    elsewhere.touch()
    document = {
        "hooks": {
            "PreToolUse": [
                entry(f"bash $HOME/.claude/hooks/{SCRIPTS[0]}", "other-tool"),
                entry(f"~/.claude/hooks/{SCRIPTS[1]}", f'"{elsewhere}" --strict'),
            ],
            "Stop": [entry("say done", "my-rtk-mem-context.sh.bak")],
        }
    }
    (user.home / ".claude/settings.json").write_text(json.dumps(document, indent=2))
    return document


def test_entries_and_scripts_are_found(user: User, old: dict[str, Any]) -> None:
    """Also a script that only an entry tells of."""
    settings, *scripts = old_tool.leftovers(user.root)

    assert (settings.path, settings.events) == (
        user.home / ".claude/settings.json",
        ("PreToolUse",),
    )
    assert {one.path.relative_to(user.home).parent.name for one in scripts} == {"hooks", "tools"}
    assert len(scripts) == 4


def test_install_leaves_them_alone(user: User, old: dict[str, Any]) -> None:
    """It is another program, and somebody may want it for a while yet."""
    before = old_tool.leftovers(user.root)

    agents.install("claude-code", "user", user.root)

    assert old_tool.leftovers(user.root) == before


def test_remove_takes_out_just_them(user: User, old: dict[str, Any]) -> None:
    """Whoever shared a group with them stays."""
    old_tool.remove(user.root)

    assert old_tool.leftovers(user.root) == []
    assert not list(user.home.rglob("rtk-*"))
    left = json.loads((user.home / ".claude/settings.json").read_text())
    assert left == {"hooks": {"PreToolUse": [entry("other-tool")], "Stop": old["hooks"]["Stop"]}}


def test_dry_run_removes_nothing(user: User, old: dict[str, Any]) -> None:
    """It only tells."""
    before = user.tree()

    (change,) = old_tool.remove(user.root, is_dry_run=True)

    assert change.changed
    assert user.tree() == before


@pytest.mark.parametrize("is_first", [True, False], ids=["before init", "after init"])
def test_uninstalling_does_not_bring_them_back(
    user: User, old: dict[str, Any], is_first: bool
) -> None:
    """Neither does removing them take rtkq's own entries along."""
    if is_first:
        old_tool.remove(user.root)
    agents.install("claude-code", "user", user.root)
    if not is_first:
        old_tool.remove(user.root)

    assert user.found("claude-code", "user").state is State.COMPLETE
    agents.uninstall("claude-code", "user", user.root)
    assert old_tool.leftovers(user.root) == []
    assert "other-tool" in Path(user.home, ".claude/settings.json").read_text()
