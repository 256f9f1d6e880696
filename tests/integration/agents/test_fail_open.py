"""What stands in an agent's settings does no harm when rtkq, or a part of it, is gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rtkq import config, paths
from rtkq.agents import AGENTS, Scope, bundle
from rtkq.agents.installer import call_for
from rtkq.config import Settings

ROOT = Path(__file__).parents[3]
ON_PATH = ROOT / "hooks/bin/rtkq-hook"
SPAWN = ROOT / "tests/fixtures/claude-code/2.1.330/PreToolUse-Agent.json"


def whole(_: Path) -> None:
    """Leave everything in place."""


def without_home(home: Path) -> None:
    """Delete everything rtkq has stored."""
    shutil.rmtree(home)


def without_bundle(home: Path) -> None:
    """Delete the modules of the hook, but not the command."""
    for folder in Path(paths.hook_folder(str(home))).iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def without_python(home: Path) -> None:
    """Let the interpreter be gone: the environment it belonged to was deleted."""
    script = Path(bundle.command(str(home)))
    lines = script.read_text().replace(" -I ", "-gone -I ").replace("[ -x ", "[ -x /gone")
    script.write_text(lines)


def with_another_python(home: Path) -> None:
    """Let the path of the interpreter lead to one that cannot read the modules."""
    (start,) = Path(paths.hook_folder(str(home))).glob("*/start.pyc")
    start.write_bytes(b"\0" * 64)


def not_executable(home: Path) -> None:
    """Take the right to execute from the command."""
    Path(bundle.command(str(home))).chmod(0o600)


@pytest.mark.parametrize("scope", list(Scope), ids=str)
@pytest.mark.parametrize(
    "damage",
    [whole, without_home, without_bundle, without_python, with_another_python, not_executable],
    ids=lambda damage: damage.__name__,
)
def test_command_exits_with_0_and_says_nothing(
    scope: Scope, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    """Any other exit code forbids the spawn in one agent or another, and output confuses it."""
    home = tmp_path / "rtkq home"
    settings = Settings(home=str(home))
    bundle.stage(settings.home, settings)
    command = call_for(AGENTS["claude-code"], scope, settings, "command").command
    damage(home)

    done = subprocess.run(
        ["sh", "-c", command],
        input=SPAWN.read_bytes(),
        capture_output=True,
        env={"PATH": f"{ON_PATH.parent}:/usr/bin:/bin", "RTKQ_HOME": str(home)},
        cwd=tmp_path,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_command_on_path_that_is_missing_is_silence(tmp_path: Path) -> None:
    """A colleague has the project's settings and no rtkq."""
    settings = Settings(home=str(tmp_path))
    command = call_for(AGENTS["codex"], Scope.PROJECT, settings, "command").command

    done = subprocess.run(
        ["sh", "-c", command], input=b"{}", capture_output=True, env={"PATH": "/usr/bin:/bin"}
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("variable", ["RTKQ_HOME", "XDG_DATA_HOME", "HOME"])
def test_command_on_path_finds_the_hook_where_it_was_put(
    variable: str, checkout: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks where `rtkq` itself stores everything, without asking Python."""
    for name in ("RTKQ_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv(variable, str(tmp_path / "user"))
    home = config.home(os.environ)
    script = Path(bundle.command(home))
    script.parent.mkdir(parents=True)
    script.write_text('#!/bin/sh\nprintf "%s " "$@"\ncat\n')
    script.chmod(0o700)

    done = subprocess.run([ON_PATH, "codex"], input=json.dumps("x"), capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, 'codex "x"')
