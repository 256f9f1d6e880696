"""Checks of Claude Code itself: its version, and whether it will read its settings at all.

One entry that the client's schema dislikes switches off the whole file, silently; so everything
in the hooks of a file is looked at, not only what is ours.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtkq.agents import clients, old_tool
from rtkq.agents.agent import Scope, Site
from rtkq.agents.claude_code import AGENT
from rtkq.agents.hook_document import is_ours
from rtkq.doctor.verdicts import Check, Patient, Verdict, fail, ok, warn

#: Types of handlers, what each must name, and the first version that knows it.
_HANDLERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "command": ("command", ()),
    "prompt": ("prompt", ()),
    "agent": ("prompt", ()),
    "http": ("url", (2, 1, 63)),
    "mcp_tool": ("tool", (2, 1, 118)),
}
#: Before this, one unknown event switched off all hooks of a file.
_TOLERANT = (2, 1, 101)
_EVENTS = frozenset(
    {"SessionStart", "Setup", "InstructionsLoaded", "UserPromptSubmit"}
    | {"UserPromptExpansion", "PreToolUse", "PermissionRequest", "PermissionDenied"}
    | {"PostToolUse", "PostToolUseFailure", "PostToolBatch", "Notification"}
    | {"MessageDisplay", "SubagentStart", "SubagentStop", "TaskCreated"}
    | {"TaskCompleted", "Stop", "StopFailure", "TeammateIdle"}
    | {"ConfigChange", "CwdChanged", "DirectoryAdded", "FileChanged"}
    | {"WorktreeCreate", "WorktreeRemove", "PreCompact", "PostCompact"}
    | {"SessionEnd", "Elicitation", "ElicitationResult"}
)
_TOOLS = ("Task", "Agent")
_LIST_OF_NAMES = re.compile(r"[\w\-, |]*")
_MANAGED = {
    "darwin": "/Library/Application Support/ClaudeCode/managed-settings.json",
    "linux": "/etc/claude-code/managed-settings.json",
}


def files(root: str) -> list[Path]:
    """Return the settings files that bear on the project at *root*, what rules first."""
    site = Site.here(root)
    scopes = (Scope.LOCAL, Scope.PROJECT, Scope.USER)
    found = [AGENT.file(scope, site) for scope in scopes]
    managed = [Path(_MANAGED[sys.platform])] if sys.platform in _MANAGED else []
    return [file for file in (*managed, *found) if file and file.exists()]


def _settings(patient: Patient) -> Iterator[Verdict]:
    version = clients.version(AGENT.program)
    found = files(patient.root)
    for file in found:
        if problems := problems_in(file.read_bytes(), version):
            yield fail(
                f"{AGENT.title} ignores all of {file}: {'; '.join(problems[:3])}",
                "mend or remove what is named; everything else in the file is switched off too",
            )
        else:
            yield ok(str(file))


def problems_in(content: bytes, version: tuple[int, ...]) -> list[str]:
    """Return why the client would ignore a settings file; nothing when it reads it.

    Args:
        content: What the file holds.
        version: The client's version; empty when unknown, then the newest is meant.
    """
    try:
        document = json.loads(content.decode("utf-8-sig") or "{}")
    except ValueError as error:
        return [f"it is no JSON ({error})"]
    if not isinstance(document, dict):
        return ["it holds no object"]
    hooks = document.get("hooks", {})
    if not isinstance(hooks, dict):
        return ["hooks is no object"]
    return [
        problem
        for event, groups in hooks.items()
        for problem in _problems_of_event(event, groups, version)
    ]


def _problems_of_event(event: str, groups: Any, version: tuple[int, ...]) -> Iterator[str]:
    if version and version < _TOLERANT and event not in _EVENTS:
        yield f"{clients.spelled(version)} does not know the event {event}"
    if not isinstance(groups, list):
        yield f"hooks.{event} is no list"
        return
    for number, group in enumerate(groups):
        place = f"hooks.{event}[{number}]"
        handlers = group.get("hooks") if isinstance(group, dict) else None
        if not isinstance(handlers, list):
            yield f"{place} has no list of hooks"
            continue
        if not isinstance(group.get("matcher", ""), str):
            yield f"{place}.matcher is no text"
        for index, handler in enumerate(handlers):
            yield from _problems_of_handler(f"{place}.hooks[{index}]", handler, version)


def _problems_of_handler(place: str, handler: Any, version: tuple[int, ...]) -> Iterator[str]:
    kind = handler.get("type") if isinstance(handler, dict) else None
    if kind not in _HANDLERS:
        yield f"{place} has the type {json.dumps(kind)}"
        return
    needed, since = _HANDLERS[kind]
    if version and version < since:
        yield f"{place} has the type {kind}, which {clients.spelled(version)} does not know"
    if not isinstance(handler.get(needed), str):
        yield f"{place} names no {needed}"
    timeout = handler.get("timeout", 1)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
        yield f"{place}.timeout is {json.dumps(timeout)}"


def _switched_on(patient: Patient) -> Iterator[Verdict]:
    for file in files(patient.root):
        document = _document(file)
        if "managed" in file.name and document.get("allowManagedHooksOnly") is True:
            yield fail(f"{file} allows no hooks but its own", "ask who manages this machine")
            return
        if "disableAllHooks" in document:
            if document["disableAllHooks"] is True:
                yield fail(f"disableAllHooks is set in {file}", "remove that line")
            else:
                yield ok(f"{file} allows them")
            return
    yield ok("nothing switches hooks off")


def _rivals(patient: Patient) -> Iterator[Verdict]:
    rivals = [
        f"{command} ({file})"
        for file in files(patient.root)
        for command in rivals_in(_document(file))
    ]
    for rival in rivals:
        yield warn(
            f"another hook may rewrite the same prompt: {rival}",
            "of two that print updatedInput the last to end wins; drop it if it does",
        )
    if not rivals:
        yield ok("none")


def rivals_in(document: dict[str, Any]) -> list[str]:
    """Return the commands of other hooks that are asked before a subagent is spawned."""
    try:
        groups = document.get("hooks", {}).get("PreToolUse", [])
        return [
            str(handler.get("command") or handler.get("url") or handler.get("type"))
            for group in groups
            if matches_spawns(group.get("matcher", ""))
            for handler in group["hooks"]
            if not is_ours(handler)
        ]
    except (AttributeError, KeyError, TypeError):
        return []  # the client ignores such a file, and the check of the settings tells


def matches_spawns(matcher: str) -> bool:
    """Return whether a *matcher* of the client fires for the tool that spawns subagents.

    Source:
        Observed: letters, digits and ``_ - , |`` make a list of names, anything else is a regular
        expression that may match anywhere, and nothing or ``*`` means every tool.
    """
    if matcher in ("", "*"):
        return True
    if _LIST_OF_NAMES.fullmatch(matcher):
        return not set(_TOOLS).isdisjoint(re.split(r"[,|\s]+", matcher))
    try:
        return any(re.search(matcher, tool) for tool in _TOOLS)
    except re.error:
        return False


def _version(_: Patient) -> Iterator[Verdict]:
    found = clients.version(AGENT.program)
    if not found:
        yield ok(f"{AGENT.program} is not on PATH: nothing to compare")
    elif found < AGENT.oldest:
        oldest = clients.spelled(AGENT.oldest)
        yield fail(
            f"{AGENT.title} {clients.spelled(found)} cannot run the hook", f"update it to {oldest}"
        )
    else:
        yield ok(f"{AGENT.title} {clients.spelled(found)}")


def _leftovers(patient: Patient) -> Iterator[Verdict]:
    if found := old_tool.leftovers(patient.root):
        yield warn(
            f"the tool before rtkq left hooks: {', '.join(str(one.path) for one in found)}",
            "`rtkq init --remove-old` removes them",
        )
    else:
        yield ok("none")


def _document(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


CHECKS = (
    Check("client-settings", _settings),
    Check("client-version", _version),
    Check("hooks-allowed", _switched_on),
    Check("rival-hooks", _rivals),
    Check("old-tool", _leftovers),
)
