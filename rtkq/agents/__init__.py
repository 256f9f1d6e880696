"""Coding agents: what is put where so that they call us, and how it is taken back.

Each agent's own file knows its places and entries. Forms are pure, from text to text;
``settings_file`` alone writes.
"""

from __future__ import annotations

from rtkq.agents.agent import Agent, Scope
from rtkq.agents.catalog import AGENTS
from rtkq.agents.editing import Change
from rtkq.agents.form import State
from rtkq.agents.installer import install, uninstall
from rtkq.agents.surveying import PLUGIN, Installation, survey

__all__ = [
    "AGENTS",
    "PLUGIN",
    "Agent",
    "Change",
    "Installation",
    "Scope",
    "State",
    "install",
    "survey",
    "uninstall",
]
