"""The tutorial works as it is written: its commands run, and print what it says they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial/first-context.md"
_BLOCK = re.compile(r"^(<!--[^\n]*-->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Printed after each step, so that its output can be told from the next one's.
_BORDER = "--- end of step ---"
_PATIENCE_S = 60


class Step(NamedTuple):
    """One block of commands, and what the page says it prints; empty where it says nothing."""

    commands: str
    expected: str


def steps() -> list[Step]:
    """Return the steps of the tutorial, but for those that say they are not run."""
    found: list[Step] = []
    for comment, language, text in _BLOCK.findall(TUTORIAL.read_text()):
        if language == "sh" and not comment:
            found.append(Step(text, ""))
        elif language == "text":
            found[-1] = found[-1]._replace(expected=text)
    return found


def as_pattern(expected: str) -> str:
    """Return a pattern for the output; ``…`` stands for anything."""
    return ".*".join(re.escape(part) for part in expected.strip().split("…"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each step prints, all of them run by one shell, as a reader would."""
    folder = tmp_path_factory.mktemp("reader")
    script = "set -eu\n" + "".join(f"{step.commands}\necho '{_BORDER}'\n" for step in steps())
    own = ("RTKQ_", "GIT_", "XDG_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=inherited
        | {
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "RTKQ_HOOK_DEADLINE_MS": "20000",  # a busy machine is no reason to fail
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(folder.iterdir()) == [], "the last step clears up"
    return done.stdout.split(f"{_BORDER}\n")


@pytest.mark.parametrize("number", range(len(steps())), ids=lambda number: f"step {number + 1}")
def test_step_prints_what_the_tutorial_says(number: int, outputs: list[str]) -> None:
    """A reader who sees something else has no way to know who is wrong."""
    step = steps()[number]

    if step.expected:
        assert re.fullmatch(as_pattern(step.expected), outputs[number].strip(), re.DOTALL)


def test_tutorial_reaches_a_prompt() -> None:
    """A tutorial without the hook, the watcher or an end would not be the whole way."""
    commands = "".join(step.commands for step in steps())

    for needed in ("rtkq refresh", "rtkq plan", "rtkq-hook", "rtkq up", "rtkq sync", "kill"):
        assert needed in commands
