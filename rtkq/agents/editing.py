"""Change one settings file of one agent, so that it can be given back.

The backup holds what is to be given back: what there was before rtkq, never anything of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rtkq.agents import backups, settings_file
from rtkq.agents.agent import Agent, Scope
from rtkq.agents.settings_file import Content, Transform
from rtkq.errors import AgentError

#: What gives us away in a file that cannot be parsed.
_WORDS = (b"rtkq-hook", b"/v1/hook/")
_PRIVATE = 0o600
_SHARED = 0o644


@dataclass(frozen=True)
class Target:
    """One settings file."""

    agent: Agent
    scope: Scope
    path: Path
    #: ``$RTKQ_HOME``, where backups are.
    home: str


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


def edit(
    target: Target,
    transform: Transform,
    *,
    notes: tuple[str, ...] = (),
    is_dry_run: bool = False,
    amend: Transform | None = None,
) -> Change:
    """Make the settings file hold what *transform* makes of it, and return what was done.

    Args:
        target: The file.
        transform: What it returns, it must leave alone.
        notes: What the user should know of the change.
        is_dry_run: Only tell what would be done.
        amend: Changes what is to be given back some day as well.

    Raises:
        AgentError: The file cannot be changed.
    """
    if is_dry_run:
        before = settings_file.read(target.path)
        after = transform(before)
    else:
        before, after = settings_file.change(
            target.path,
            transform,
            home=target.home,
            mode=_SHARED if target.scope is Scope.PROJECT else _PRIVATE,
            before_writing=lambda old, new: _back_up(target, old, new, amend),
        )
    return Change(target.agent.name, target.scope, target.path, _told(before), _told(after), notes)


def given_back(target: Target, content: Content) -> Content:
    """Return what the file held before rtkq, or *content* without our entries.

    Raises:
        AgentError: The entries cannot be taken out.
    """
    if content is not None and backups.fits(target.home, target.path, content):
        return backups.original(target.home, target.path)
    return _cleared(target.agent, target.path, content)


def _back_up(target: Target, old: Content, new: bytes, amend: Transform | None) -> None:
    original = given_back(target, old)
    kept = amend(original) if amend else original
    backups.keep(target.home, target.path, kept, new)


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
