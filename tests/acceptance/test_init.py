"""`rtkq init` as somebody types it: install, look, uninstall, and what the exit codes say."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq.agents import instructions

ROOT = Path(__file__).parents[2]
SPAWN = ROOT / "tests/fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
THEIRS = '{\n    "model": "opus",\n    "hooks": {\n        "Stop": []\n    }\n}'

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def settings(tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of a user who keeps Claude Code's folder somewhere else."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setenv("RTKQ_HOOK_DEADLINE_MS", "20000")  # a busy machine is no reason to fail
    (tmp_path / "claude").mkdir()
    file = tmp_path / "claude/settings.json"
    file.write_text(THEIRS)
    return file


@pytest.fixture
def rtkq(settings: Path, checkout: Any) -> Callable[..., Done]:
    """Run a command of rtkq in the checkout."""

    def run(*words: str) -> Done:
        command = [sys.executable, "-m", "rtkq.cli", *words]
        return subprocess.run(command, cwd=checkout.root, capture_output=True, text=True)

    return run


def test_from_nothing_to_a_context_and_back(
    rtkq: Callable[..., Done], settings: Path, checkout: Any
) -> None:
    """The command that was written answers a real client's document; then no trace is left."""
    assert rtkq("refresh", "--quiet").returncode == 0
    done = rtkq("init")
    command = json.loads(settings.read_text())["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    document = json.loads(SPAWN.read_text()) | {"cwd": checkout.root}
    document["tool_input"]["prompt"] = "refresh the session"
    answer = subprocess.run(
        ["sh", "-c", command], input=json.dumps(document), capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Claude Code, user: installed in {settings}\n"
    assert "SessionStore.refresh" in answer.stdout
    assert rtkq("init").stdout == f"Claude Code, user: already installed in {settings}\n"
    assert rtkq("init", "--uninstall").stdout == f"Claude Code, user: removed from {settings}\n"
    assert settings.read_text() == THEIRS
    assert rtkq("init", "--uninstall").stdout == "nothing of rtkq is installed\n"


def test_dry_run_shows_a_patch_and_changes_nothing(
    rtkq: Callable[..., Done], settings: Path, home: str
) -> None:
    """What is shown can be reviewed line by line."""
    done = rtkq("init", "--dry-run")

    assert done.returncode == 0
    assert done.stdout.startswith(f"--- {settings}\n+++ {settings}\n@@")
    assert '+        "PreToolUse": [' in done.stdout
    assert settings.read_text() == THEIRS
    assert not Path(home).exists()


def test_show_leaves_with_1_when_something_is_half_installed(
    rtkq: Callable[..., Done], settings: Path
) -> None:
    """Scripts ask by the exit code."""
    assert rtkq("init", "--show").returncode == 0
    rtkq("init", "--agent", "codex", "--agent", "claude-code", "--scope", "project")
    rtkq("init")
    assert rtkq("init", "--show").returncode == 0
    document = json.loads(settings.read_text())
    del document["hooks"]["SessionStart"]
    settings.write_text(json.dumps(document))

    shown = rtkq("init", "--show")

    assert shown.returncode == 1
    assert "Claude Code, user            partial" in shown.stdout
    assert "Codex CLI, project           complete" in shown.stdout
    assert "not installed: Gemini CLI, " in shown.stdout
    assert rtkq("init", "--show", "--agent", "codex").returncode == 0


def test_one_that_fails_does_not_stop_the_others(
    rtkq: Callable[..., Done], settings: Path, tmp_path: Path
) -> None:
    """What was refused is told with its reason, and the exit code is 1."""
    settings.write_text("{} // mine")

    done = rtkq("init", "--agent", "claude-code", "--agent", "gemini")

    assert done.returncode == 1
    assert done.stdout == "Gemini CLI, user: installed in ~/.gemini/settings.json\n"
    assert done.stderr.startswith(f"rtkq: installing into {settings} failed: ")
    assert settings.read_text() == "{} // mine"


@pytest.mark.parametrize(
    "words",
    [["--agent", "vim"], ["--scope", "world"], ["--show", "--uninstall"]],
    ids=" ".join,
)
def test_wrong_usage_leaves_with_2(rtkq: Callable[..., Done], words: list[str]) -> None:
    """And nothing is done."""
    assert rtkq("init", *words).returncode == 2


def test_old_tool_is_shown_and_goes_on_request(rtkq: Callable[..., Done], settings: Path) -> None:
    """Installing alone leaves it in peace, and says that it is there."""
    script = settings.parent / "hooks/rtk-mem-context.sh"
    script.parent.mkdir()
    script.touch()

    assert "rtkq init --remove-old" in rtkq("init").stdout
    assert str(script) in rtkq("init", "--show").stdout
    assert script.exists()
    assert rtkq("init", "--remove-old").stdout == f"removed: {script}\n"
    assert not script.exists()
    assert rtkq("init", "--remove-old").stdout == "nothing of the tool before rtkq is there\n"


def on_a_terminal(words: list[str], answer: bytes, folder: str) -> str:
    """Run a command of rtkq on a terminal, type an *answer*, and return what it shows."""
    main, other = pty.openpty()
    command = [sys.executable, "-m", "rtkq.cli", *words]
    with subprocess.Popen(command, stdin=other, stdout=other, stderr=other, cwd=folder):
        os.write(main, answer)
        os.close(other)
        shown = b""
        while True:
            try:
                shown += os.read(main, 4096)
            except OSError:  # the last of the other side has closed it
                break
    os.close(main)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("answer", "is_wanted"), [(b"y\n", True), (b"\n", False)], ids=["y", "no"])
def test_on_a_terminal_it_offers_to_explain_itself(
    rtkq: Callable[..., Done], settings: Path, checkout: Any, answer: bytes, is_wanted: bool
) -> None:
    """Nothing is written into a file of instructions that nobody asked for."""
    guide = settings.parent / "CLAUDE.md"

    shown = on_a_terminal(["init"], answer, checkout.root)

    assert instructions.TEXT in shown
    assert guide.exists() is is_wanted
    rtkq("init", "--uninstall")
    assert not guide.exists()
