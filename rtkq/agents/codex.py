"""Codex CLI: three events in ``hooks.json``, run once they are trusted."""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event; its tool ``spawn_agent`` answers to the name ``Agent``."""
    command = {"type": "command", "command": call.command, "timeout": call.timeout_s}
    return {
        "PreToolUse": {"matcher": "Task|Agent", "hooks": [command]},
        "SubagentStart": {"hooks": [command]},
        "SessionStart": {"hooks": [command]},
    }


AGENT = Agent(
    name="codex",
    title="Codex CLI",
    folder=".codex",
    variable="CODEX_HOME",
    files={Scope.USER: "hooks.json", Scope.PROJECT: ".codex/hooks.json"},
    form=HookDocument(entries),
    program="codex",
    is_observed=True,
    advice="Codex runs a hook only when it is trusted: type /hooks in codex and trust rtkq-hook",
)
