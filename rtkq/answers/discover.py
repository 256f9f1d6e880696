"""Which subagents started without our context, and why."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from rtkq import transcripts
from rtkq.answers.reasons import REASONS, Witnesses, witnesses
from rtkq.config import Settings
from rtkq.errors import ProjectError
from rtkq.recall import instant
from rtkq.recall.render import clean
from rtkq.transcripts import Folders, History, Subagent
from rtkq_hooks import checkout

#: How a type is called that nothing tells.
UNKNOWN = "unknown"


def discover(settings: Settings, tops: Folders, *, since_ms: int) -> dict[str, Any]:
    """Return the document of `discover`, as the reference of commands spells it.

    Args:
        settings: The settings in force.
        tops: Where the transcripts lie.
        since_ms: How far to look back: milliseconds since the epoch.

    Raises:
        ProjectError: Reading transcripts is switched off.
    """
    history = past(settings, tops, since_ms)
    known = witnesses(settings, history, since_ms)
    entries = [_entry(one, known) for one in history.subagents]
    reasons = Counter(entry["reason"] for entry in entries if entry["reason"])
    by_project: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_project.setdefault(entry["project"], []).append(entry)
    return {
        "command": "discover",
        "from": instant(since_ms),
        "sessions": len(history.sessions),
        **_tally(entries),
        "denied": len(history.denials),
        "unreadable_lines": history.unreadable,
        "reasons": {reason: reasons[reason] for reason in REASONS},
        "projects": [{"project": root} | _tally(own) for root, own in sorted(by_project.items())],
        "without": [_shown(entry) for entry in entries if entry["reason"]],
    }


def past(settings: Settings, tops: Folders, since_ms: int) -> History:
    """Return what the transcripts tell, if they may be read.

    Raises:
        ProjectError: Reading transcripts is switched off.
    """
    if not settings.transcripts.read:
        raise ProjectError(
            "reading the transcripts of agents is switched off by transcripts.read",
            "set it to true: nothing of them is stored or leaves this machine",
        )
    return transcripts.read(tops, since_ms)


def project_of(folder: str) -> str:
    """Return the root of the checkout that an agent's *folder* lies in; a worktree's main one."""
    root = checkout.root_of(os.path.realpath(folder))
    return (checkout.main_checkout(root) or root) if root else folder


def text(document: dict[str, Any]) -> str:
    """Return the document of `discover` as it is printed for reading."""
    lines = [f"since {document['from']}"]
    lines += [f"  {name:26}{told}" for name, told in _summary(document) if told]
    told = {reason: many for reason, many in document["reasons"].items() if many}
    if told:
        lines += ["", "without context, by reason"]
        lines += [f"  {many:5}  {reason:14}  {REASONS[reason]}" for reason, many in told.items()]
        lines += ["", "without context, by project and type", *_groups(document["without"])]
    return "\n".join(lines)


def _summary(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values of the head; what is nothing and no news is left out."""
    covered = document["covered"]
    return [
        ("sessions", str(document["sessions"])),
        ("subagents", str(document["subagents"])),
        ("with context", str(document["with_context"])),
        ("with the map", document["with_map"]),
        ("without", str(len(document["without"]))),
        ("covered, exempt apart", "" if covered is None else f"{covered:.0%}"),
        ("denied, with the context", document["denied"]),
        ("unreadable lines", document["unreadable_lines"]),
    ]


def _entry(subagent: Subagent, known: Witnesses) -> dict[str, Any]:
    verdict = known.verdict(subagent)
    return {
        "at": instant(subagent.began_ms),
        "project": project_of(subagent.spawned_in),
        "type": subagent.kind or UNKNOWN,
        "agent": subagent.client,
        "session": subagent.session,
        "given": verdict.given,
        "reason": verdict.reason,
    }


def _tally(entries: list[dict[str, Any]]) -> dict[str, Any]:
    with_context = sum(entry["given"] == "context" for entry in entries)
    with_map = sum(entry["given"] == "map" for entry in entries)
    wanted = sum(entry["reason"] != "exempt" for entry in entries)
    return {
        "subagents": len(entries),
        "with_context": with_context,
        "with_map": with_map,
        "covered": round((with_context + with_map) / wanted, 4) if wanted else None,
    }


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("at", "project", "type", "agent", "session", "reason")}


def _groups(without: list[dict[str, Any]]) -> list[str]:
    """Return a line for each project, type and reason, the most frequent first."""
    keys = [(entry["project"], entry["type"], entry["reason"]) for entry in without]
    last = dict(zip(keys, (entry["at"] for entry in without), strict=True))
    return [
        f"  {many:5}  {reason:14}  {clean(kind):20}  {clean(project)}  (last {last[key]})"
        for key, many in sorted(Counter(keys).items(), key=lambda item: (-item[1], item[0]))
        for project, kind, reason in [key]
    ]
