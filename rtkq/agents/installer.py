"""Install the hook into an agent's settings, and take it out again.

Context and policy are the same hook, so there is no way to install half of it.
"""

from __future__ import annotations

import math
import os
import shlex
from pathlib import Path

from rtkq import config
from rtkq.agents import backups, bundle, clients, settings_file
from rtkq.agents.agent import Agent, Scope, Site
from rtkq.agents.catalog import AGENTS
from rtkq.agents.editing import Change, Target, edit, given_back
from rtkq.agents.form import Call
from rtkq.agents.hook_document import parsed
from rtkq.agents.settings_file import Content
from rtkq.config import Settings
from rtkq.errors import AgentError


def install(
    agent: str,
    scope: str,
    root: str | Path | None,
    transport: str = "command",
    *,
    is_dry_run: bool = False,
) -> Change:
    """Let *agent* call the hook; where it does already, nothing is written.

    Args:
        agent: A name in ``AGENTS``.
        scope: ``user``, ``project`` or ``local``.
        root: Root of the project; may be ``None`` for the scope ``user``.
        transport: ``http`` asks a running ``rtkq serve`` where the agent can.
        is_dry_run: Only tell what would be done.

    Raises:
        AgentError: The settings cannot be read or changed, or the agent is too old.
        ConfigError: rtkq's own settings are wrong.
    """
    known, site, settings = _known(agent), Site.here(root), config.load()
    path = _file(known, Scope(scope), site)
    found = clients.version(known.program)
    _refuse_old(known, found)
    _refuse_plugin(known, site)
    chosen, notes = _chosen(known, transport, found, settings)
    call = call_for(known, Scope(scope), settings, chosen)
    if not is_dry_run:
        bundle.stage(settings.home, settings)
    return edit(
        Target(known, Scope(scope), path, settings.home),
        lambda before: _installed(known, path, before, call),
        notes=notes,
        is_dry_run=is_dry_run,
    )


def uninstall(
    agent: str, scope: str, root: str | Path | None, *, is_dry_run: bool = False
) -> Change:
    """Take the hook out of the settings of *agent*; works with nothing else of rtkq in place.

    Raises:
        AgentError: The settings cannot be read or changed.
    """
    known = _known(agent)
    path = _file(known, Scope(scope), Site.here(root))
    target = Target(known, Scope(scope), path, config.home(os.environ))
    change = edit(target, lambda before: given_back(target, before), is_dry_run=is_dry_run)
    if not is_dry_run:
        backups.drop(target.home, path)
    return change


def call_for(agent: Agent, scope: Scope, settings: Settings, transport: str) -> Call:
    """Return how *agent* is to call the hook from its settings of *scope*.

    What is committed may name no folder of ours: there the hook is looked for on PATH.
    """
    script = shlex.quote(bundle.command(settings.home))
    command = f"[ -x {script} ] && RTKQ_AGENT={agent.name} && . {script}; exit 0"
    if scope is Scope.PROJECT:
        command = f"command -v rtkq-hook >/dev/null && exec rtkq-hook {agent.name}; exit 0"
    timeout_s = math.ceil(settings.hook.deadline_ms / 1000) + 1
    url = (
        f"http://127.0.0.1:{settings.serve.port}/v1/hook/{agent.name}"
        if transport == "http"
        else ""
    )
    return Call(command, timeout_s, url)


def _installed(agent: Agent, path: Path, before: Content, call: Call) -> bytes:
    try:
        text = None if before is None else settings_file.decoded(before)
        return settings_file.encoded(agent.form.written(text, call), before)
    except ValueError as error:
        raise AgentError(
            f"installing into {path} failed: {error}",
            f"{agent.title} cannot use the file as it is: mend it, or move it away, and try again",
        ) from error


def _known(name: str) -> Agent:
    if name not in AGENTS:
        raise AgentError(f"{name} is no agent rtkq knows", f"it knows {', '.join(AGENTS)}")
    return AGENTS[name]


def _file(agent: Agent, scope: Scope, site: Site) -> Path:
    path = agent.file(scope, site)
    if path is None:
        raise AgentError(
            f"{agent.title} has no settings of scope {scope}",
            f"it has {', '.join(agent.files)}; all but user need a project",
        )
    return path


def _refuse_old(agent: Agent, found: tuple[int, ...]) -> None:
    if found and found < agent.oldest:
        raise AgentError(
            f"{agent.title} {clients.spelled(found)} cannot run the hook",
            f"update it to {clients.spelled(agent.oldest)} or newer and try again",
        )


def _refuse_plugin(agent: Agent, site: Site) -> None:
    for path, name in plugins(agent, site):
        raise AgentError(
            f"{agent.title} has the plugin {name} switched on in {path}; hooks would run twice",
            f"it is all you need; or remove it first: {agent.program} plugin uninstall {name}",
        )


def plugins(agent: Agent, site: Site) -> list[tuple[Path, str]]:
    """Return the settings files that switch our plugin on, and its name there."""
    found = []
    for path in filter(None, (agent.file(scope, site) for scope in agent.files)):
        try:
            name = agent.plugin(parsed(settings_file.decoded(settings_file.read(path) or b"")))
        except (AgentError, ValueError):
            continue  # what cannot be read switches nothing on
        if name:
            found.append((path, name))
    return found


def _chosen(
    agent: Agent, transport: str, found: tuple[int, ...], settings: Settings
) -> tuple[str, tuple[str, ...]]:
    """Return the transport to install, and what is to be said of it."""
    advice = (agent.advice,) if agent.advice else ()
    if transport != "http":
        return transport, advice
    if reason := _against_http(agent, found, settings):
        return "command", (f"{reason}: a command is installed instead", *advice)
    return "http", ("the hook is answered while rtkq serve runs, and not otherwise", *advice)


def _against_http(agent: Agent, found: tuple[int, ...], settings: Settings) -> str:
    if not agent.oldest_http:
        return f"{agent.title} asks no server"
    if found < agent.oldest_http:
        oldest = clients.spelled(agent.oldest_http)
        return f"HTTP needs {agent.title} {oldest} or newer, which was not found"
    if settings.serve.token:
        return "serve.token is set, and a token does not belong into an agent's settings"
    return ""
