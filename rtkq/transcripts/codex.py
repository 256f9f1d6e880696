"""Threads of Codex: ``sessions/<year>/<month>/<day>/rollout-*.jsonl``, one file each.

Observed with 0.169.0: the thread of a subagent names itself as one. The first message of its user
is the prompt as the hooks left it; what they add at its start is a message of the developer. It is
not written down how a hook ran.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rtkq.transcripts import block, shell
from rtkq.transcripts.lines import items, records, text, value
from rtkq.transcripts.thread import Call, Thread, instant_ms

CLIENT = "codex"
_DEFAULT_KIND = "default"
#: These words stand in every line of interest.
_TELLING = (b'"session_meta"', b'"item_completed"', b'"developer"')
_LOCAL = "file://"


def rollouts(top: Path) -> Iterator[Path]:
    """Yield the transcripts below *top*, oldest first."""
    yield from sorted(top.glob("*/*/*/rollout-*.jsonl"))


def read_thread(path: Path) -> Thread:
    """Return what the transcript at *path* tells; an empty thread if it cannot be read."""
    thread = Thread(CLIENT)
    for record in records(path, _TELLING):
        if record is None:
            thread.unreadable += 1
            continue
        said = value(record, "payload")
        kind = text(record, "type")
        if kind == "session_meta":
            _read_beginning(thread, record, said)
        elif text(said, "role") == "developer":
            _read_addition(thread, said)
        elif text(said, "type") == "item_completed":
            _read_item(thread, instant_ms(record), value(said, "item"))
    return thread


def _read_beginning(thread: Thread, record: dict[str, Any], said: Any) -> None:
    thread.session = text(said, "session_id") or text(said, "id")
    thread.folder = text(said, "cwd")
    thread.began_ms = instant_ms(record)
    if text(said, "thread_source") == "subagent":
        thread.agent = text(said, "id")
        thread.kind = text(said, "agent_role") or _DEFAULT_KIND


def _read_addition(thread: Thread, said: Any) -> None:
    if not thread.has_answered:
        thread.start_block = thread.start_block or block.find(_joined(said))


def _read_item(thread: Thread, at_ms: int, item: Any) -> None:
    kind = text(item, "type")
    if kind == "UserMessage":
        thread.prompt_block = thread.prompt_block or block.find(_joined(item))
        return
    thread.has_answered = True
    if kind == "CommandExecution":
        thread.calls[text(item, "id")] = _command(at_ms, item)
    elif kind == "FileChange":
        thread.calls[text(item, "id")] = _change(at_ms, thread.folder, item)
    elif kind == "CollabAgentToolCall" and text(item, "tool") == "spawn_agent":
        _read_spawn(thread, at_ms, item)


def _read_spawn(thread: Thread, at_ms: int, item: Any) -> None:
    name = text(item, "id")
    thread.calls[name] = Call(at_ms, thread.folder, is_spawn=True)
    for agent in items(item, "receiver_thread_ids"):
        if isinstance(agent, str):
            thread.spawned[agent] = name


def _command(at_ms: int, item: Any) -> Call:
    call = Call(at_ms, unquote(text(item, "cwd").removeprefix(_LOCAL)))
    words = [word for word in items(item, "command") if isinstance(word, str)]
    look = shell.look(words[-1] if words else "", call.folder)
    call.is_exploratory, call.opened, call.edited = look.is_exploratory, look.opened, look.edited
    call.is_failed = text(item, "status") == "failed"
    return call


def _change(at_ms: int, folder: str, item: Any) -> Call:
    call = Call(at_ms, folder, is_failed=text(item, "status") == "failed")
    changes = value(item, "changes")
    for path, change in changes.items() if isinstance(changes, dict) else ():
        if text(change, "type") != "add":
            call.edited.append(path)
    return call


def _joined(message: Any) -> str:
    return "\n".join(text(part, "text") for part in items(message, "content"))
