"""What the tool that rtkq replaces has left behind: three scripts, and entries that run them.

They rewrite or refuse the same spawns. They are found and shown, and removed only on request.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtkq import config
from rtkq.agents import claude_code, hook_document, json_text, settings_file
from rtkq.agents.agent import Scope, Site
from rtkq.agents.editing import Change, Target, edit
from rtkq.agents.settings_file import Content
from rtkq.errors import AgentError

_SCRIPTS = ("rtk-mem-context.sh", "rtk-block-native-explore.sh", "rtk-block-task.sh")
_NAMED = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, _SCRIPTS))})(?![\w.-])")


@dataclass(frozen=True)
class Leftover:
    """Something the old tool has left."""

    #: A settings file that runs its scripts, or a script.
    path: Path
    #: Events whose entries run its scripts; none for a script.
    events: tuple[str, ...] = ()


def leftovers(root: str | Path | None) -> list[Leftover]:
    """Return what the old tool has left: settings that run it, then its scripts.

    Args:
        root: Root of the project; without one only the user's own settings are looked at.
    """
    found = {path: _entries(path) for _, path in _settings(Site.here(root))}
    return [Leftover(path, tuple(entries)) for path, entries in found.items() if entries] + [
        Leftover(script) for script in _scripts(Site.here(root))
    ]


def remove(root: str | Path | None, *, is_dry_run: bool = False) -> list[Change]:
    """Remove all of it; entries first, so that none is left that runs a script which is gone.

    Args:
        root: As for ``leftovers``.
        is_dry_run: Only tell what would be done.

    Raises:
        AgentError: A settings file cannot be changed.
    """
    site, home = Site.here(root), config.home(os.environ)
    scripts = list(_scripts(site))
    changes = [
        edit(
            Target(claude_code.AGENT, scope, path, home),
            _without_entries,
            is_dry_run=is_dry_run,
            amend=_without_entries,
        )
        for scope, path in _settings(site)
        if _entries(path)
    ]
    if not is_dry_run:
        for script in scripts:
            script.unlink(missing_ok=True)
    return changes


def _settings(site: Site) -> list[tuple[Scope, Path]]:
    files = [(scope, claude_code.AGENT.file(scope, site)) for scope in Scope]
    return [(scope, path) for scope, path in files if path]


def _entries(path: Path) -> dict[str, list[hook_document.Entry]]:
    """Return the handlers in a settings file that run the old tool; none if it cannot be read."""
    try:
        document = hook_document.parsed(settings_file.decoded(settings_file.read(path) or b""))
        return hook_document.handlers(document, _is_old)
    except (AgentError, ValueError):
        return {}


def _is_old(handler: Any) -> bool:
    command = handler.get("command") if isinstance(handler, dict) else None
    return isinstance(command, str) and bool(_NAMED.search(command))


def _without_entries(content: Content) -> Content:
    if not content:
        return content
    text = settings_file.decoded(content)
    document = hook_document.parsed(text)
    rest = hook_document.with_entries(document, {}, _is_old)
    return settings_file.encoded(json_text.rewrite(text, rest), content) if document else content


def _scripts(site: Site) -> Iterator[Path]:
    """Yield the scripts that exist: where they were put, and where entries say they are."""
    folders = [path.parent / "hooks" for _, path in _settings(site)]
    candidates = [folder / name for folder in folders for name in _SCRIPTS]
    for _, path in _settings(site):
        for handlers in _entries(path).values():
            candidates += [one for entry in handlers for one in _named(entry["command"], site)]
    yield from (path for path in dict.fromkeys(candidates) if path.is_file())


def _named(command: str, site: Site) -> list[Path]:
    """Return the scripts of the old tool that a *command* names by an absolute path."""
    folders = {"HOME": str(site.home), "CLAUDE_PROJECT_DIR": str(site.root or "")}
    for name, folder in folders.items():
        command = command.replace(f"${{{name}}}", folder).replace(f"${name}", folder)
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    places = [
        Path(word.replace("~", str(site.home), 1) if word[:2] == "~/" else word) for word in words
    ]
    return [place for place in places if place.is_absolute() and place.name in _SCRIPTS]
