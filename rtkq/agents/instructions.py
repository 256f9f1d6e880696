"""A short text for an agent's file of instructions, between markers.

It says what the block in a prompt is, so that nobody takes it for an order. It is only written
on request, and every marker of ours can be found and taken out again.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from rtkq import config
from rtkq.agents import settings_file
from rtkq.agents.agent import Scope, Site
from rtkq.agents.catalog import AGENTS
from rtkq.agents.editing import Change
from rtkq.agents.settings_file import Content, Transform

_BEGIN = "<!-- rtkq: begin -->"
_END = "<!-- rtkq: end -->"
TEXT = f"""\
{_BEGIN}
A subagent's prompt may begin with a block `<rtkq-context …>`, put there by rtkq:
files and definitions of this project that fit the task, with their lines as of `indexed_at`.
What it marks `changed since indexed` may have moved since.
{_END}"""
_BLOCK = re.compile(rf"{_BEGIN}.*?{_END}", re.DOTALL)
_MODE = 0o644


def file(agent: str, scope: str, root: str | Path | None) -> Path | None:
    """Return the file of instructions that *agent* reads; ``None`` where there is none."""
    return AGENTS[agent].guide_file(Scope(scope), Site.here(root))


def is_in(path: Path) -> bool:
    """Return whether the text stands in the file at *path*."""
    return _BEGIN.encode() in (settings_file.read(path) or b"")


def add(agent: str, scope: str, path: Path) -> Change:
    """Write the text at the end of the file at *path*, or where it stood before.

    Raises:
        AgentError: The file cannot be changed.
    """
    return _edited(agent, scope, path, _with_text, is_dry_run=False)


def remove(agent: str, scope: str, path: Path, *, is_dry_run: bool = False) -> Change:
    """Take the text out of the file at *path*, and the file away if it held nothing else.

    Raises:
        AgentError: The file cannot be changed.
    """
    return _edited(agent, scope, path, _without_text, is_dry_run=is_dry_run)


def _edited(
    agent: str, scope: str, path: Path, transform: Transform, *, is_dry_run: bool
) -> Change:
    before = settings_file.read(path)
    after = transform(before)
    if not is_dry_run:
        before, after = settings_file.change(
            path, transform, home=config.home(os.environ), mode=_MODE
        )
    told = [None if one is None else one.decode("utf-8", "replace") for one in (before, after)]
    return Change(agent, Scope(scope), path, told[0], told[1])


def _with_text(content: Content) -> bytes:
    text = (content or b"").decode("utf-8", "surrogateescape")
    if found := _BLOCK.search(text):
        newline = _newline(found[0])
        changed = text[: found.start()] + TEXT.replace("\n", newline) + text[found.end() :]
    else:
        newline = _newline(text)
        block = TEXT.replace("\n", newline)
        is_open = bool(text) and not text.endswith("\n")
        gap = 2 * newline if is_open else newline if text else ""
        changed = text + gap + block + ("" if is_open else newline)
    return changed.encode("utf-8", "surrogateescape")


def _without_text(content: Content) -> Content:
    """Take out the text with the line ends that came along with it."""
    text = (content or b"").decode("utf-8", "surrogateescape")
    found = _BLOCK.search(text)
    if found is None:
        return content
    newline = _newline(found[0])
    before, after = text[: found.start()], text[found.end() :]
    rest = before.removesuffix(newline if after else 2 * newline) + after.removeprefix(newline)
    return rest.encode("utf-8", "surrogateescape") or None


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
