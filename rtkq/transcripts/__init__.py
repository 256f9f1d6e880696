"""What subagents were given and did, from the transcripts that Claude Code keeps.

Where they lie::

    projects/<folder>/<session>.jsonl                              the session's own thread
    projects/<folder>/<session>/subagents/**/agent-<id>.jsonl      the thread of one subagent
    projects/<folder>/<session>/subagents/**/agent-<id>.meta.json  its type, what spawned it

Observed with 2.1.63 and 2.1.330: the call in the parent's thread keeps the prompt as the model
wrote it. What the hooks made of it is the first message of the subagent's thread. What a hook
printed or did wrong is an attachment, in newer versions; one that printed nothing leaves no note.

Prompts and files are looked at and forgotten: what leaves this package are types, times, paths and
counts. Nothing is promised of the format, so what is not there is left out, and never guessed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtkq.transcripts.block import Block
from rtkq.transcripts.lines import document, text
from rtkq.transcripts.thread import SPAWNING, Call, Note, Thread, read_thread

_OF_SUBAGENT = "agent-"
_DEFAULT_KIND = "general-purpose"


@dataclass(slots=True)
class Subagent:
    """One subagent that started."""

    session: str
    #: Its type, as the client resolved it; empty when nothing tells.
    kind: str
    began_ms: int
    #: Where it worked, and where it was spawned.
    folder: str
    spawned_in: str
    #: When it was asked for; ``None`` when no call of a spawning tool did.
    asked_ms: int | None
    #: The block in its prompt, and the one given at its start.
    prompt_block: Block | None
    start_block: Block | None
    #: Runs of our hook that the client noted, at the call and at the start.
    notes: list[Note]
    #: What it called, in order.
    calls: list[Call]


@dataclass(slots=True)
class Denial:
    """A spawn that was refused with our context as the reason."""

    session: str
    kind: str
    at_ms: int
    folder: str


@dataclass(slots=True)
class History:
    """What the transcripts of a span of time tell."""

    sessions: set[str] = field(default_factory=set)
    #: In order of their start.
    subagents: list[Subagent] = field(default_factory=list)
    denials: list[Denial] = field(default_factory=list)
    #: Sessions in which the client noted a run of our hook.
    hooked: set[str] = field(default_factory=set)
    #: Lines that could not be read.
    unreadable: int = 0


def folder(variables: Mapping[str, str]) -> str:
    """Return the folder of Claude Code's transcripts, which need not exist."""
    given = variables.get("CLAUDE_CONFIG_DIR") or os.path.join(
        variables.get("HOME") or os.path.expanduser("~"), ".claude"
    )
    return os.path.join(given, "projects")


def read(top: str, since_ms: int) -> History:
    """Return what the transcripts under *top* tell of the time since *since_ms*.

    Args:
        top: As ``folder`` gives it; without it there is no history.
        since_ms: Milliseconds since the epoch. Files that were not touched since are not opened.
    """
    history = History()
    for project in _folders(Path(top)):
        threads = [(path, read_thread(str(path))) for path in _transcripts(project, since_ms)]
        spawns = _spawns([thread for _, thread in threads])
        for path, thread in threads:
            _add_thread(history, thread, since_ms)
            if path.name.startswith(_OF_SUBAGENT) and thread.began_ms >= since_ms:
                history.subagents.append(_subagent(path, thread, spawns))
    history.subagents.sort(key=lambda one: one.began_ms)
    return history


def _folders(top: Path) -> Iterator[Path]:
    try:
        yield from sorted(entry for entry in top.iterdir() if entry.is_dir())
    except OSError:
        return


def _transcripts(project: Path, since_ms: int) -> Iterator[Path]:
    """Yield the files of threads in *project*: its sessions', and those of their subagents."""
    for path in sorted(project.rglob("*.jsonl")):
        if path.parent == project or path.name.startswith(_OF_SUBAGENT):
            try:
                is_recent = path.stat().st_mtime * 1000 >= since_ms
            except OSError:
                continue  # pruned by the client since it was listed
            if is_recent:
                yield path


def _spawns(threads: list[Thread]) -> dict[str, Call]:
    """Return the calls that spawned subagents, by their own id and by the subagent's."""
    found: dict[str, Call] = {}
    for thread in threads:
        calls = {name: call for name, call in thread.calls.items() if call.tool in SPAWNING}
        found |= calls
        found |= {agent: calls[name] for agent, name in thread.spawned.items() if name in calls}
    return found


def _add_thread(history: History, thread: Thread, since_ms: int) -> None:
    history.unreadable += thread.unreadable
    if thread.session:
        history.sessions.add(thread.session)
    if thread.notes or any(call.notes for call in thread.calls.values()):
        history.hooked.add(thread.session)
    history.denials += [
        Denial(thread.session, call.kind, call.at_ms, call.folder)
        for call in thread.calls.values()
        if call.is_denied and call.at_ms >= since_ms
    ]


def _subagent(path: Path, thread: Thread, spawns: dict[str, Call]) -> Subagent:
    meta = document(path.with_suffix(".meta.json"))
    call = spawns.get(text(meta, "toolUseId")) or spawns.get(thread.agent)
    asked_kind = (call.kind or _DEFAULT_KIND) if call else ""
    return Subagent(
        session=thread.session,
        kind=text(meta, "agentType") or asked_kind,
        began_ms=thread.began_ms,
        folder=thread.folder,
        spawned_in=call.folder if call else thread.folder,
        asked_ms=call.at_ms if call else None,
        prompt_block=thread.prompt_block,
        start_block=thread.start_block,
        notes=[*(call.notes if call else ()), *thread.notes],
        calls=list(thread.calls.values()),
    )
