"""Install the hook into an agent's settings, and take it out again.

Context and policy are the same hook, so there is no way to install half of it.
"""

from __future__ import annotations

import math
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from rtkq import config
from rtkq.agents import backups, bundle, clients, settings_file
from rtkq.agents.agent import Agent, Scope, Site
from rtkq.agents.catalog import AGENTS
from rtkq.agents.form import Call
from rtkq.agents.hook_document import parsed
from rtkq.agents.settings_file import Content
from rtkq.config import Settings
from rtkq.errors import AgentError

#: What gives us away in a file that cannot be parsed.
_WORDS = (b"rtkq-hook", b"/v1/hook/")
_PRIVATE = 0o600
_SHARED = 0o644


@dataclass(frozen=True)
class Change:
    """What was done, or would be done, to one settings file."""

    agent: str
    scope: Scope
    path: Path
    #: What the file held; ``None`` when there was none.
    before: str | None
    #: What it holds now; ``None`` when there is none.
    after: str | None
    #: What the user should know of it, a sentence each.
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the file is another one now."""
        return self.before != self.after


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
    change = _Editor(known, Scope(scope), path, settings.home, is_dry_run)
    return change.run(lambda before: _installed(known, path, before, call), notes)


def uninstall(
    agent: str, scope: str, root: str | Path | None, *, is_dry_run: bool = False
) -> Change:
    """Take the hook out of the settings of *agent*; works with nothing else of rtkq in place.

    Raises:
        AgentError: The settings cannot be read or changed.
    """
    known, site, home = _known(agent), Site.here(root), config.home(os.environ)
    path = _file(known, Scope(scope), site)

    def transform(before: Content) -> Content:
        if before is not None and backups.fits(home, path, before):
            return backups.original(home, path)
        return _cleared(known, path, before)

    change = _Editor(known, Scope(scope), path, home, is_dry_run).run(transform, ())
    if not is_dry_run:
        backups.drop(home, path)
    return change


def call_for(agent: Agent, scope: Scope, settings: Settings, transport: str) -> Call:
    """Return how *agent* is to call the hook from its settings of *scope*.

    What is committed may name no folder of ours: there the hook is looked for on PATH.
    """
    script = shlex.quote(bundle.command(settings.home))
    command = f"[ -x {script} ] && exec {script} {agent.name}; exit 0"
    if scope is Scope.PROJECT:
        command = f"command -v rtkq-hook >/dev/null && exec rtkq-hook {agent.name}; exit 0"
    timeout_s = math.ceil(settings.hook.deadline_ms / 1000) + 1
    url = (
        f"http://127.0.0.1:{settings.serve.port}/v1/hook/{agent.name}"
        if transport == "http"
        else ""
    )
    return Call(command, timeout_s, url)


@dataclass(frozen=True)
class _Editor:
    """Applies a transformation to one settings file, or tells what it would do."""

    agent: Agent
    scope: Scope
    path: Path
    home: str
    is_dry_run: bool

    def run(self, transform: settings_file.Transform, notes: tuple[str, ...]) -> Change:
        """Return the change that *transform* makes."""
        if self.is_dry_run:
            before = settings_file.read(self.path)
            after = transform(before)
        else:
            before, after = settings_file.change(
                self.path,
                transform,
                home=self.home,
                mode=_SHARED if self.scope is Scope.PROJECT else _PRIVATE,
                before_writing=self._back_up,
            )
        return Change(self.agent.name, self.scope, self.path, _told(before), _told(after), notes)

    def _back_up(self, before: Content, after: bytes) -> None:
        """Keep what is to be given back: what there was, or was before us."""
        if before is not None and backups.fits(self.home, self.path, before):
            original = backups.original(self.home, self.path)
        else:
            original = _cleared(self.agent, self.path, before)
        backups.keep(self.home, self.path, original, after)


def _installed(agent: Agent, path: Path, before: Content, call: Call) -> bytes:
    try:
        text = None if before is None else settings_file.decoded(before)
        return settings_file.encoded(agent.form.written(text, call), before)
    except ValueError as error:
        raise AgentError(
            f"installing into {path} failed: {error}",
            f"{agent.title} cannot use the file as it is: mend it, or move it away, and try again",
        ) from error


def _cleared(agent: Agent, path: Path, before: Content) -> Content:
    """Return *before* without our entries; what cannot be read is let be if we are not in it."""
    if before is None:
        return None
    try:
        text = agent.form.removed(settings_file.decoded(before))
    except ValueError as error:
        if not any(word in before for word in _WORDS):
            return before
        raise AgentError(
            f"removing rtkq from {path} failed: {error}",
            "mend the file and try again, or delete the entries that name rtkq-hook by hand",
        ) from error
    return None if text is None else settings_file.encoded(text, before)


def _told(content: Content) -> str | None:
    return None if content is None else content.decode("utf-8", "replace")


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
