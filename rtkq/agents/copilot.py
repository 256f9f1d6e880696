"""GitHub Copilot CLI: a file of its own for every program that brings hooks.

Names that begin with a capital make it send what Claude Code
does; the start of a subagent has no such name. It takes a command that fails for a refusal, so
ours never fails.
"""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event, without groups around them."""
    command = {"type": "command", "bash": call.command, "timeoutSec": call.timeout_s}
    return {
        "PreToolUse": {"matcher": "Task|Agent", **command},
        "subagentStart": command,
        "SessionStart": command,
    }


AGENT = Agent(
    name="copilot",
    title="GitHub Copilot CLI",
    folder=".copilot",
    variable="COPILOT_HOME",
    files={Scope.USER: "hooks/rtkq.json", Scope.PROJECT: ".github/hooks/rtkq.json"},
    form=HookDocument(entries, beginning={"version": 1}),
    program="copilot",
    is_observed=True,
    advice="Copilot also reads a project's .claude/settings.json: install one of the two there",
)
