"""Every agent rtkq knows."""

from __future__ import annotations

from rtkq.agents import claude_code, codex, copilot, cursor, droid, gemini, opencode, qwen
from rtkq.agents.agent import Agent

#: By name; those that were seen at work come first.
AGENTS: dict[str, Agent] = {
    module.AGENT.name: module.AGENT
    for module in (claude_code, codex, gemini, copilot, cursor, qwen, droid, opencode)
}
