"""What subagents were given and did, from the transcripts that agents keep of their sessions.

Prompts and files are looked at and forgotten: what leaves this package are types, times, paths and
counts. Nothing is promised of the formats, so what is not there is left out, and never guessed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtkq.receipts import link_of
from rtkq.transcripts import claude_code, codex
from rtkq.transcripts.block import Block
from rtkq.transcripts.thread import Call, Note, Thread


@dataclass(slots=True)
class Subagent:
    """One subagent that started."""

    #: The client it ran in, as the hook calls it.
    client: str
    session: str
    #: What the receipts of its call and of its start are found by.
    links: frozenset[str]
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


@dataclass(frozen=True, slots=True)
class Folders:
    """Where clients keep their transcripts; none need exist."""

    claude_code: str
    codex: str


def folders(variables: Mapping[str, str]) -> Folders:
    """Return where the clients keep their transcripts, by these environment *variables*."""
    home = variables.get("HOME") or os.path.expanduser("~")
    claude_home = variables.get("CLAUDE_CONFIG_DIR") or os.path.join(home, ".claude")
    codex_home = variables.get("CODEX_HOME") or os.path.join(home, ".codex")
    return Folders(os.path.join(claude_home, "projects"), os.path.join(codex_home, "sessions"))


def read(tops: Folders, since_ms: int) -> History:
    """Return what the transcripts tell of the time since *since_ms*.

    Args:
        tops: As ``folders`` gives them.
        since_ms: Milliseconds since the epoch. Files that were not touched since are not opened.
    """
    history = History()
    for group in claude_code.groups(Path(tops.claude_code)):
        _add(history, [claude_code.read_thread(one) for one in _recent(group, since_ms)], since_ms)
    rollouts = _recent(codex.rollouts(Path(tops.codex)), since_ms)
    _add(history, [codex.read_thread(one) for one in rollouts], since_ms)
    history.subagents.sort(key=lambda one: one.began_ms)
    return history


def _recent(files: Iterable[Path], since_ms: int) -> Iterator[Path]:
    for path in files:
        try:
            if path.stat().st_mtime * 1000 >= since_ms:
                yield path
        except OSError:
            continue  # pruned by the client since it was listed


def _add(history: History, threads: list[Thread], since_ms: int) -> None:
    """Add *threads* that belong together: spawns are joined with their subagents among them."""
    spawns = _spawns(threads)
    for thread in threads:
        _add_thread(history, thread, since_ms)
        if thread.agent and thread.began_ms >= since_ms:
            history.subagents.append(_subagent(thread, spawns))


def _spawns(threads: list[Thread]) -> dict[str, tuple[str, Call]]:
    """Return the calls that spawned subagents, with their id, by that and by the subagent's."""
    found: dict[str, tuple[str, Call]] = {}
    for thread in threads:
        calls = {name: (name, call) for name, call in thread.calls.items() if call.is_spawn}
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


def _subagent(thread: Thread, spawns: dict[str, tuple[str, Call]]) -> Subagent:
    name, call = spawns.get(thread.call) or spawns.get(thread.agent) or (thread.call, None)
    links = (link_of(thread.session, one) for one in (name, thread.agent))
    return Subagent(
        client=thread.client,
        session=thread.session,
        links=frozenset(link for link in links if link),
        kind=thread.kind or (call.kind if call else ""),
        began_ms=thread.began_ms,
        folder=thread.folder,
        spawned_in=call.folder if call else thread.folder,
        asked_ms=call.at_ms if call else None,
        prompt_block=thread.prompt_block,
        start_block=thread.start_block,
        notes=[*(call.notes if call else ()), *thread.notes],
        calls=list(thread.calls.values()),
    )
