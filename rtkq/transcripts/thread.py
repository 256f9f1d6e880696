"""One transcript as a thread: how it began, what was called in it, what hooks did to the calls."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rtkq.recall.render import MARKER_END
from rtkq.transcripts import block, shell
from rtkq.transcripts.block import Block
from rtkq.transcripts.lines import items, records, text, value

SPAWNING = ("Agent", "Task")
_EXPLORING = frozenset(("Glob", "Grep", "LS", "NotebookRead", "Read"))
_OPENING = ("NotebookRead", "Read")
_EDITING = ("Edit", "MultiEdit", "NotebookEdit", "Write")
_CREATED = "File created"
#: Whatever installed it, a hook of ours has our name in its command or our path in its address.
_OURS = re.compile(r"rtkq|/v1/hook/")


@dataclass(frozen=True, slots=True)
class Note:
    """What the client wrote down about one run of a hook of ours.

    It keeps silent about a hook that printed nothing.
    """

    #: ``answered`` · ``failed`` · ``timeout``.
    result: str
    #: Whether a block of ours was in the answer.
    gave_block: bool


@dataclass(slots=True)
class Call:
    """One call of a tool."""

    tool: str
    at_ms: int
    #: Where the caller was.
    folder: str
    #: The type that was asked for, where the call spawns a subagent.
    kind: str = ""
    is_exploratory: bool = False
    #: Files it opens, and files it edits that were there before; by absolute path.
    opened: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    is_failed: bool = False
    #: The call was refused, and the refusal held a block of ours.
    is_denied: bool = False
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Thread:
    """What one transcript tells."""

    session: str = ""
    #: The subagent whose thread this is; empty for a session's own.
    agent: str = ""
    folder: str = ""
    began_ms: int = 0
    #: The block in front of the first prompt.
    prompt_block: Block | None = None
    #: The block that was given at the start, beside the prompt.
    start_block: Block | None = None
    #: Whether the agent has answered; what is added later does not reach it.
    has_answered: bool = False
    #: By the id of their call, in order.
    calls: dict[str, Call] = field(default_factory=dict)
    #: Of hooks that ran at the start.
    notes: list[Note] = field(default_factory=list)
    #: Which call spawned which subagent, as far as results tell: agent → id of the call.
    spawned: dict[str, str] = field(default_factory=dict)
    #: Lines that could not be read.
    unreadable: int = 0


def read_thread(path: str) -> Thread:
    """Return what the transcript at *path* tells; an empty thread if it cannot be read."""
    thread = Thread()
    for record in records(path):
        if record is None:
            thread.unreadable += 1
            continue
        _note_beginning(thread, record)
        kind = text(record, "type")
        if kind == "assistant":
            _read_answer(thread, record)
        elif kind == "user":
            _read_input(thread, record)
        elif kind == "attachment":
            _read_attachment(thread, record)
    return thread


def _note_beginning(thread: Thread, record: dict[str, Any]) -> None:
    thread.session = thread.session or text(record, "sessionId")
    thread.agent = thread.agent or text(record, "agentId")
    thread.folder = thread.folder or text(record, "cwd")
    thread.began_ms = thread.began_ms or _at_ms(record)


def _read_answer(thread: Thread, record: dict[str, Any]) -> None:
    thread.has_answered = True
    for part in items(record, "message", "content"):
        name = text(part, "id")
        if text(part, "type") == "tool_use" and name and name not in thread.calls:
            thread.calls[name] = _call(part, record)


def _call(part: Any, record: dict[str, Any]) -> Call:
    tool = text(part, "name")
    call = Call(tool, _at_ms(record), text(record, "cwd"))
    call.is_exploratory = tool in _EXPLORING
    path = text(part, "input", "file_path") or text(part, "input", "notebook_path")
    if tool in SPAWNING:
        call.kind = text(part, "input", "subagent_type")
    elif path and tool in _OPENING:
        call.opened.append(path)
    elif path and tool in _EDITING:
        call.edited.append(path)
    elif tool == "Bash":
        look = shell.look(text(part, "input", "command"), call.folder)
        call.is_exploratory, call.opened, call.edited = (
            look.is_exploratory,
            look.opened,
            look.edited,
        )
    return call


def _read_input(thread: Thread, record: dict[str, Any]) -> None:
    content = value(record, "message", "content")
    # Not by order: the client may write the first answer before the prompt. Only the message's own
    # text counts, for a tool may have printed a block of ours as well.
    thread.prompt_block = thread.prompt_block or block.find(_own_text(content))
    for part in content if isinstance(content, list) else ():
        call = thread.calls.get(text(part, "tool_use_id"))
        if call is None or text(part, "type") != "tool_result":
            continue
        _note_result(call, part)
        if call.tool in SPAWNING:
            thread.spawned[text(record, "toolUseResult", "agentId")] = text(part, "tool_use_id")


def _note_result(call: Call, part: Any) -> None:
    call.is_failed = value(part, "is_error") is True
    said = _joined([part])
    if call.tool in SPAWNING:
        call.is_denied = call.is_failed and block.find(said) is not None
    elif said.startswith(_CREATED):
        call.edited.clear()


def _own_text(content: Any) -> str:
    parts = content if isinstance(content, list) else ()
    return content if isinstance(content, str) else "\n".join(text(part, "text") for part in parts)


def _joined(content: Any) -> str:
    """Return all text in the *content* of a message, each part on lines of its own."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(
        text(part, "text") or _joined(value(part, "content")) for part in parts if part
    )


def _read_attachment(thread: Thread, record: dict[str, Any]) -> None:
    said = value(record, "attachment")
    kind = text(said, "type")
    if kind == "hook_additional_context" and text(said, "hookEvent") == "SubagentStart":
        if not thread.has_answered:
            given = items(said, "content")
            thread.start_block = block.find("\n".join(one for one in given if isinstance(one, str)))
    elif kind.startswith("hook_") and _OURS.search(text(said, "command")):
        call = thread.calls.get(text(said, "toolUseID"))
        (call.notes if call else thread.notes).append(_note(kind, said))


def _note(kind: str, said: Any) -> Note:
    if kind == "hook_success":
        # The answer is JSON, so the block's lines are not lines here.
        return Note("answered", MARKER_END in text(said, "stdout"))
    return Note("timeout" if value(said, "timedOut") is True else "failed", gave_block=False)


def _at_ms(record: dict[str, Any]) -> int:
    try:
        return int(datetime.fromisoformat(text(record, "timestamp")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
