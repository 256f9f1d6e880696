"""Claude Code: three events in ``settings.json``."""

from __future__ import annotations

from typing import Any

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.form import Call
from rtkq.agents.hook_document import Entry, HookDocument

#: Where ``/plugin`` notes which plugins are switched on.
_PLUGINS = "enabledPlugins"
_PLUGIN = "rtkq"


def entries(call: Call) -> dict[str, Entry]:
    """Return our entries by event.

    The tool that spawns is called ``Task`` up to 2.1.62 and ``Agent`` since; naming both is right
    for every version. ``SessionStart`` is never asked over HTTP.
    """
    command = {"type": "command", "command": call.command, "timeout": call.timeout_s}
    answer = {"type": "http", "url": call.url, "timeout": call.timeout_s} if call.url else command
    return {
        "PreToolUse": {"matcher": "Task|Agent", "hooks": [answer]},
        "SubagentStart": {"hooks": [answer]},
        "SessionStart": {"hooks": [command]},
    }


def plugin(document: dict[str, Any]) -> str:
    """Return the name of our plugin if *document* switches it on, else nothing."""
    plugins = document.get(_PLUGINS)
    if not isinstance(plugins, dict):
        return ""
    switched_on = [name for name, is_on in plugins.items() if is_on]
    return next((name for name in switched_on if name.partition("@")[0] == _PLUGIN), "")


AGENT = Agent(
    name="claude-code",
    title="Claude Code",
    folder=".claude",
    variable="CLAUDE_CONFIG_DIR",
    files={
        Scope.USER: "settings.json",
        Scope.PROJECT: ".claude/settings.json",
        Scope.LOCAL: ".claude/settings.local.json",
    },
    form=HookDocument(entries),
    guide="CLAUDE.md",
    program="claude",
    oldest=(2, 1, 63),
    oldest_http=(2, 1, 63),
    is_observed=True,
    plugin=plugin,
)
