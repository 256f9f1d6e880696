"""``rtkq setup``: everything at once, and once more without harm."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtkq_workers.processes import heartbeat

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def settings(user: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of Claude Code, which are not there yet."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(user / ".claude"))
    monkeypatch.setenv("RTKQ_HOOK_DEADLINE_MS", "20000")
    return user / ".claude/settings.json"


def setup(*words: str, **options: Any) -> Done:
    """Set everything up, with nobody to ask unless there is a terminal."""
    command = [sys.executable, "-m", "rtkq.cli", "setup", *words]
    options = {"stdin": subprocess.DEVNULL} | options
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def told(done: Done) -> dict[str, str]:
    """Return what was told of each step."""
    lines = [line for line in done.stdout.splitlines() if line[:1].strip() and line[8:9] == " "]
    return {line[:8].strip(): line[9:] for line in lines}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has launchd")
def test_one_command_is_enough(home: str, managed: Path, settings: Path, checkout: Any) -> None:
    """Hooks, service, memory, an examination, and a look at what it is for."""
    checkout.commit("refresh the session before its token expires")

    done = setup(checkout.root)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(settings.read_text())["hooks"]) == 3
    assert told(done)["service"].startswith("serve listening")
    assert told(done)["memory"].startswith("fresh, generation ")
    assert "0 failures" in done.stdout
    assert (
        "a subagent asked to “refresh the session before its token expires” would now be given:"
        in done.stdout
    )
    assert "│ <rtkq-context " in done.stdout


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has launchd")
def test_second_time_leaves_alone_what_is_there(
    home: str, managed: Path, settings: Path, checkout: Any
) -> None:
    """Not one byte of the settings and the units changes."""
    setup(checkout.root)
    files = [settings, *managed.rglob("rtkq-*.service")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]

    done = setup(checkout.root)

    assert done.returncode == 0
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
    assert told(done)["hooks"].startswith("Claude Code: complete in ")
    assert told(done)["service"].endswith(" unchanged")


@pytest.mark.parametrize("words", [[], ["--no-service"]], ids=["no manager", "not wished"])
def test_without_a_service_the_way_by_hand_is_told(
    home: str, user: Path, settings: Path, checkout: Any, words: list[str]
) -> None:
    """It is no failure: the rest is done."""
    done = setup(checkout.root, *words)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "rtkq up" in done.stdout
    assert settings.exists()
    assert not list(user.rglob("*.service"))


def test_running_watcher_is_not_given_a_rival(
    home: str, managed: Path, settings: Path, checkout: Any
) -> None:
    """A service beside `rtkq up` would fail again and again."""
    heartbeat.write(home, "watch")

    done = setup(checkout.root)

    assert "is running already" in told(done)["service"]
    assert not list(managed.rglob("*.service"))


def test_folder_that_is_no_project_is_left_alone(home: str, user: Path, settings: Path) -> None:
    """Somebody types it in the home folder: the hooks serve every project to come."""
    done = setup("--no-service", cwd=user)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "left alone" in told(done)["project"]
    assert "`rtkq setup .`" in done.stdout
    assert settings.exists()
    assert not os.path.exists(f"{home}/checkouts")


def test_hook_that_was_deleted_is_put_in_place_again(home: str, user: Path, settings: Path) -> None:
    """Somebody removed all that was stored, but not the entries in the settings."""
    setup("--no-service", cwd=user)
    shutil.rmtree(home)

    done = setup("--no-service", cwd=user)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failures" in done.stdout


def test_project_without_a_task_to_show_is_told_how_to_ask(
    home: str, user: Path, settings: Path
) -> None:
    """The path of the folder is no task, and nothing found for it says nothing."""
    folder = user / "zz"
    folder.mkdir()
    (folder / "session.py").write_text("def refresh(): pass\n")

    done = setup("--no-service", str(folder))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "`rtkq plan`" in told(done)["sample"]
    assert "│" not in done.stdout


def test_settings_that_cannot_be_read_do_not_end_the_setup(
    home: str, user: Path, settings: Path, checkout: Any
) -> None:
    """They are left as they are, which is told, and the memory is built."""
    settings.parent.mkdir()
    settings.write_text('{"hooks": {}, // mine\n}')

    done = setup("--no-service", checkout.root)

    assert done.returncode == 1
    assert str(settings) in told(done)["hooks"]
    assert told(done)["memory"].startswith("fresh")
    assert settings.read_text() == '{"hooks": {}, // mine\n}'


@pytest.mark.parametrize(("words", "is_left"), [([], True), (["--yes"], False)], ids=str)
def test_old_tool_is_removed_if_somebody_says_so(
    home: str, user: Path, settings: Path, checkout: Any, words: list[str], is_left: bool
) -> None:
    """It is not ours; without a word it is told, and stays."""
    script = settings.parent / "hooks/rtk-mem-context.sh"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    entry = {"matcher": "Task", "hooks": [{"type": "command", "command": str(script)}]}
    settings.write_text(json.dumps({"hooks": {"PreToolUse": [entry]}}))

    done = setup("--no-service", *words, checkout.root)

    assert done.returncode == 0, done.stdout + done.stderr
    assert told(done)["old tool"].startswith("left alone" if is_left else "removed")
    assert script.exists() is is_left
    assert (str(script) in settings.read_text()) is is_left


# -- at a terminal -----------------------------------------------------------------------


def at_a_terminal(answers: str, *words: str) -> Done:
    """Set everything up at a terminal at which somebody types *answers*."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answers.encode())
        return setup(*words, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_who_says_no_is_heard(home: str, managed: Path, settings: Path, checkout: Any) -> None:
    """Neither settings nor units are written, and the memory is built."""
    done = at_a_terminal("n\nn\n", checkout.root)

    assert "Install the hook into the settings of Claude Code?" in done.stderr
    assert "Keep watcher and workers running in the background?" in done.stderr
    assert not settings.exists()
    assert not list(managed.rglob("*.service"))
    assert told(done)["memory"].startswith("fresh")


def test_who_agreed_before_is_not_asked(
    home: str, managed: Path, settings: Path, checkout: Any
) -> None:
    """``--yes`` is for scripts that have a terminal."""
    done = at_a_terminal("", "--yes", checkout.root)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "?" not in done.stderr
    assert settings.exists()
