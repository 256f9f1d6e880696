"""Gemini CLI: two events in ``settings.json``; its timeouts are milliseconds."""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event; it has none for the start of a subagent."""
    command = {
        "name": "rtkq",
        "type": "command",
        "command": call.command,
        "timeout": call.timeout_ms,
    }
    return {
        "BeforeTool": {"matcher": "invoke_agent", "hooks": [command]},
        "SessionStart": {"hooks": [command]},
    }


AGENT = Agent(
    name="gemini",
    title="Gemini CLI",
    folder=".gemini",
    files={Scope.USER: "settings.json", Scope.PROJECT: ".gemini/settings.json"},
    form=HookDocument(entries),
    guide="GEMINI.md",
    program="gemini",
    is_observed=True,
)
