"""What the README and the page on installing tell to type works, in their order."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtkq.agents import instructions

ROOT = Path(__file__).parents[2]
SPAWN = ROOT / "tests/fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
PAGES = ["README.md", "docs/how-to/install.md"]


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set no place for anything, and has no agent."""
    own = ("RTKQ_", "XDG_", "GIT_", "CLAUDE_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    (tmp_path / "user").mkdir()
    return inherited | {
        "RTKQ_HOOK_DEADLINE_MS": "20000",  # a busy machine is no reason to fail
        "HOME": str(tmp_path / "user"),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }


def told(page: str) -> list[str]:
    """Return the lines of a page that call ``rtkq init``, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)
    return [line for line in "".join(blocks).splitlines() if line.startswith("rtkq init")]


def typed(line: str, user: dict[str, str], root: str) -> str:
    """Type a *line* at *root* and return what it prints."""
    done = subprocess.run(
        ["sh", "-c", line], cwd=root, env=user, capture_output=True, text=True, check=True
    )
    return done.stdout


def answers(settings: Path, user: dict[str, str], root: str) -> list[str]:
    """Return what each command in *settings* answers to the spawn of a subagent at *root*."""
    document = json.loads(SPAWN.read_text()) | {"cwd": root}
    document["tool_input"]["prompt"] = "refresh the session"
    groups = json.loads(settings.read_text())["hooks"]["PreToolUse"]
    return [
        subprocess.run(
            ["sh", "-c", handler["command"]],
            input=json.dumps(document),
            env=user,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for group in groups
        for handler in group["hooks"]
    ]


@pytest.mark.parametrize("page", PAGES)
def test_what_it_tells_to_type_connects_and_removes(
    page: str, user: dict[str, str], checkout: Any
) -> None:
    """A context arrives by the settings of the user and of the project; then all is gone."""
    settings = [Path(user["HOME"], ".claude/settings.json")]
    settings.append(Path(checkout.root, ".claude/settings.json"))
    *lines, removal = told(page)
    typed("rtkq refresh --quiet", user, checkout.root)

    for line in lines:
        typed(line, user, checkout.root)

    for file in settings:
        (answer,) = answers(file, user, checkout.root)
        assert "SessionStore.refresh" in answer
    assert removal == "rtkq init --uninstall"
    typed(removal, user, checkout.root)
    assert not any(file.exists() for file in settings)


def test_what_it_tells_to_look_with_shows_something(user: dict[str, str], checkout: Any) -> None:
    """Each command under "Look at it" answers in a project that was just set up."""
    section = (ROOT / PAGES[0]).read_text().partition("## Look at it")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)
    typed("rtkq setup --yes --no-service", user, checkout.root)

    for line in block.splitlines():
        # Without a watcher, which is not the point here, doctor leaves with its code for warnings.
        may_warn = "|| [ $? = 2 ]" if line.startswith("rtkq doctor") else ""
        assert typed(line.partition("  #")[0] + may_warn, user, checkout.root).strip(), line


def test_text_for_instructions_is_shown_as_it_is_written() -> None:
    """Somebody decides by the page whether to have it."""
    (shown,) = re.findall(r"^```markdown\n(.*?)\n```$", (ROOT / PAGES[1]).read_text(), re.M | re.S)

    assert shown == instructions.TEXT


def test_the_two_commands_are_targets() -> None:
    """``make demo`` and ``make test`` are the first things a stranger types."""
    commands = re.findall(r"^make (\w+)", ROOT.joinpath("README.md").read_text(), re.MULTILINE)

    assert commands == ["demo", "test"]
    for target in commands:
        assert f"\n{target}:" in ROOT.joinpath("Makefile").read_text()
