"""The plugin folder says what `rtkq init` writes into a project's settings."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from rtkq.agents import AGENTS, Scope, claude_code
from rtkq.agents.installer import call_for
from rtkq.config import Settings

ROOT = Path(__file__).parents[2]
MARKET = ROOT / "deploy/claude-code-plugin"


def read(path: str) -> Any:
    """Return a JSON document of the plugin's folder."""
    return json.loads((MARKET / path).read_text())


def test_plugin_has_the_entries_of_the_settings() -> None:
    """Both ways give the same, so that either is complete."""
    agent = AGENTS["claude-code"]
    call = call_for(agent, Scope.PROJECT, Settings(home=""), "command")

    entries = {event: [entry] for event, entry in claude_code.entries(call).items()}

    assert read("rtkq/hooks/hooks.json")["hooks"] == entries


def test_market_leads_to_the_plugin() -> None:
    """Under the name that `rtkq init` looks for among the plugins that are switched on."""
    (listed,) = read(".claude-plugin/marketplace.json")["plugins"]

    assert (MARKET / listed["source"] / ".claude-plugin/plugin.json").is_file()
    assert listed["name"] == read("rtkq/.claude-plugin/plugin.json")["name"]
    assert claude_code.plugin({"enabledPlugins": {f"{listed['name']}@market": True}})


def test_plugin_has_the_version_of_the_package() -> None:
    """A client looks for updates by it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert read("rtkq/.claude-plugin/plugin.json")["version"] == project["version"]
