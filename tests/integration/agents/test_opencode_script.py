"""The script for OpenCode, run by a JavaScript engine: it obeys the hook, or does nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rtkq.agents import AGENTS
from rtkq.agents.form import Call

NODE = shutil.which("node")
#: Does what OpenCode does with a plugin, for one call of a tool.
CLIENT = """
import { Rtkq } from "./rtkq.mjs"
const hooks = await Rtkq({ directory: "/project" })
const output = { args: { description: "d", prompt: "task", subagent_type: "explore" } }
try {
  await hooks["tool.execute.before"]({ tool: process.argv[2], sessionID: "s" }, output)
  console.log(JSON.stringify(output.args))
} catch (error) {
  console.log(JSON.stringify({ thrown: error.message }))
}
"""


def arguments(tmp_path: Path, command: str, tool: str = "task") -> Any:
    """Return the arguments of a call of *tool* after the script has asked *command*."""
    (tmp_path / "rtkq.mjs").write_text(AGENTS["opencode"].form.written(None, Call(command, 20)))
    (tmp_path / "client.mjs").write_text(CLIENT)
    done = subprocess.run(
        [str(NODE), "client.mjs", tool], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


pytestmark = pytest.mark.skipif(NODE is None, reason="there is no JavaScript engine here")


def test_prompt_is_replaced_by_what_the_hook_says(tmp_path: Path) -> None:
    """And nothing else of the call; the hook is sent what it needs to know."""
    command = f'cat > {tmp_path}/sent; printf \'{{"prompt": "context, then task"}}\''

    assert arguments(tmp_path, command) == {
        "description": "d",
        "prompt": "context, then task",
        "subagent_type": "explore",
    }
    assert json.loads((tmp_path / "sent").read_text()) == {
        "tool": "task",
        "session_id": "s",
        "cwd": "/project",
        "subagent_type": "explore",
        "prompt": "task",
    }


def test_refusal_is_thrown(tmp_path: Path) -> None:
    """That is how OpenCode is told not to go on."""
    command = 'printf \'{"deny": "switched off"}\''

    assert arguments(tmp_path, command) == {"thrown": "switched off"}


@pytest.mark.parametrize(
    "command", ["exit 0", "exit 3", "echo no JSON", "exec 0<&-; exit 0", "kill -9 $$"], ids=str
)
def test_call_goes_on_as_it_was_whatever_happens(tmp_path: Path, command: str) -> None:
    """The hook is gone, fails, or talks nonsense."""
    assert arguments(tmp_path, command)["prompt"] == "task"


def test_other_tools_are_not_asked_about(tmp_path: Path) -> None:
    """Each of them would wait for a process."""
    assert arguments(tmp_path, 'printf \'{"prompt": "x"}\'', tool="bash")["prompt"] == "task"
