"""Cursor: two events in ``hooks.json``. From its documentation, not run."""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event, without groups around them."""
    command = {"command": call.command, "timeout": call.timeout_s}
    return {
        "preToolUse": {"matcher": "Task", **command},
        "sessionStart": command,
    }


AGENT = Agent(
    name="cursor",
    title="Cursor",
    folder=".cursor",
    files={Scope.USER: "hooks.json", Scope.PROJECT: ".cursor/hooks.json"},
    form=HookDocument(entries, beginning={"version": 1}),
    program="cursor-agent",
    advice="leave its setting for third-party hooks off, or it runs those of Claude Code as well",
)
