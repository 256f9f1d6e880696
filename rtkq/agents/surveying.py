"""What is installed where, for every agent and scope."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rtkq import config
from rtkq.agents import installer, settings_file
from rtkq.agents.agent import Agent, Scope, Site
from rtkq.agents.catalog import AGENTS
from rtkq.agents.form import Reading, State
from rtkq.config import Settings
from rtkq.errors import AgentError

#: The scope of what an agent's own package manager installed.
PLUGIN = "plugin"
_SOUND = (State.ABSENT, State.COMPLETE)


@dataclass(frozen=True)
class Installation:
    """What is known of one settings file of one agent."""

    agent: str
    #: ``user``, ``project``, ``local`` or ``plugin``.
    scope: str
    path: Path
    state: State
    #: What is to be said of the state; may be empty.
    detail: str
    #: ``command`` or ``http``.
    transport: str

    @property
    def is_sound(self) -> bool:
        """Whether all is there, or nothing."""
        return self.state in _SOUND

    @property
    def is_removable(self) -> bool:
        """Whether there is something that ``uninstall`` may have to take out."""
        return self.scope != PLUGIN and self.state is not State.ABSENT


def survey(root: str | Path | None) -> list[Installation]:
    """Return what is installed, for every agent and scope, whether its file exists or not.

    Args:
        root: Root of the project; without one there is only the scope ``user``.

    Raises:
        ConfigError: rtkq's own settings are wrong.
    """
    site, settings = Site.here(root), config.load()
    return [found for agent in AGENTS.values() for found in _surveyed(agent, site, settings)]


def _surveyed(agent: Agent, site: Site, settings: Settings) -> list[Installation]:
    files = [(scope, agent.file(scope, site)) for scope in agent.files]
    found = [_installation(agent, scope, path, settings) for scope, path in files if path]
    is_installed = any(one.state is not State.ABSENT for one in found)
    for path, name in installer.plugins(agent, site):
        state, detail = State.COMPLETE, name
        if is_installed:
            state, detail = State.DOUBLED, f"{name}, and in the settings as well"
        found.append(Installation(agent.name, PLUGIN, path, state, detail, "command"))
    return found


def _installation(agent: Agent, scope: Scope, path: Path, settings: Settings) -> Installation:
    reading = _read(agent, scope, path, settings)
    return Installation(agent.name, scope, path, reading.state, reading.detail, reading.transport)


def _read(agent: Agent, scope: Scope, path: Path, settings: Settings) -> Reading:
    try:
        content = settings_file.read(path)
        text = None if content is None else settings_file.decoded(content)
    except (AgentError, ValueError) as error:
        return Reading(State.INVALID, str(error))
    if text is None:
        return Reading(State.ABSENT)
    return agent.form.read(
        text, lambda transport: installer.call_for(agent, scope, settings, transport)
    )
