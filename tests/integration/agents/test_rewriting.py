"""Many write one settings file at the same time, and nothing of anybody's is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from rtkq import agents
from rtkq.agents import State, bundle, settings_file
from rtkq.config import Settings

_INSTALLS = 50
_PATIENCE_S = 120.0


def install(scope: str, root: str, start: Event) -> None:
    """Install into Claude Code's settings as soon as all are there."""
    start.wait(_PATIENCE_S)
    agents.install("claude-code", scope, root)


@pytest.fixture
def settings(tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's settings of Claude Code, with other people's hooks in them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    bundle.stage(home, Settings(home=home))
    file = tmp_path / ".claude/settings.json"
    file.parent.mkdir()
    theirs = {"hooks": [{"type": "command", "command": "other-tool"}]}
    file.write_text(json.dumps({"hooks": {"Stop": [theirs]}, "model": "opus"}, indent=2))
    return file


def test_fifty_installs_at_once_lose_nothing(settings: Path, tmp_path: Path) -> None:
    """Each is there once, the others' hooks too, and the backup is what was there first."""
    before = settings.read_bytes()
    context = multiprocessing.get_context("fork")
    start = context.Event()
    scopes = ["user", "project"]
    crowd = [
        context.Process(target=install, args=(scopes[turn % 2], str(tmp_path / "project"), start))
        for turn in range(_INSTALLS)
    ]
    for one in crowd:
        one.start()
    start.set()
    for one in crowd:
        one.join(_PATIENCE_S)

    assert [one.exitcode for one in crowd] == [0] * _INSTALLS
    found = {one.scope: one.state for one in agents.survey(tmp_path / "project")[:3]}
    assert found == {"user": State.COMPLETE, "project": State.COMPLETE, "local": State.ABSENT}
    assert json.loads(settings.read_text())["hooks"]["Stop"] == json.loads(before)["hooks"]["Stop"]
    assert not list(settings.parent.glob(".*"))
    agents.uninstall("claude-code", "user", None)
    assert settings.read_bytes() == before


def test_rewrite_by_another_program_in_between_is_kept(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes after we read and before we rename, and knows nothing of our lock."""
    replace = settings_file._replace
    theirs = iter(["first", "second", "third"])

    def interrupted(target: Path, *others: Any) -> None:
        if name := next(theirs, None):
            document = json.loads(settings.read_text())
            beside = settings.with_suffix(".theirs")
            beside.write_text(json.dumps(document | {name: True}))
            os.replace(beside, settings)
        replace(target, *others)

    monkeypatch.setattr(settings_file, "_replace", interrupted)

    agents.install("claude-code", "user", None)

    document = json.loads(settings.read_text())
    assert agents.survey(None)[0].state is State.COMPLETE
    assert {"first", "second", "third", "model"} <= set(document)
    assert document["hooks"]["Stop"]
