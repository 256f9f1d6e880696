"""Qwen Code: three events in ``settings.json``, timeouts in milliseconds."""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event; matchers are regular expressions over its own tool names."""
    command = {"type": "command", "command": call.command, "timeout": call.timeout_ms}
    return {
        "PreToolUse": {"matcher": "^(task|agent|Task|Agent)$", "hooks": [command]},
        "SubagentStart": {"hooks": [command]},
        "SessionStart": {"hooks": [command]},
    }


AGENT = Agent(
    name="qwen",
    title="Qwen Code",
    folder=".qwen",
    files={Scope.USER: "settings.json", Scope.PROJECT: ".qwen/settings.json"},
    form=HookDocument(entries),
    guide="QWEN.md",
    program="qwen",
    is_observed=True,
)
