"""Factory Droid: two events in ``settings.json``. From its documentation, not run.

It reads the ``hooks`` of ``settings.json`` unless a ``hooks.json`` lies beside it, whose form its
documentation tells in two ways; so that one is left to the user.
"""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event."""
    command = {"type": "command", "command": call.command, "timeout": call.timeout_s}
    return {
        "PreToolUse": {"matcher": "Task", "hooks": [command]},
        "SessionStart": {"hooks": [command]},
    }


AGENT = Agent(
    name="droid",
    title="Factory Droid",
    folder=".factory",
    files={Scope.USER: "settings.json", Scope.PROJECT: ".factory/settings.json"},
    form=HookDocument(entries),
    program="droid",
    advice="if there is a hooks.json beside the file, Droid reads that one: copy the hooks there",
)
