"""Threads of Claude Code.

Where they lie, below the folder of its settings::

    projects/<folder>/<session>.jsonl                              the session's own thread
    projects/<folder>/<session>/subagents/**/agent-<id>.jsonl      the thread of one subagent
    projects/<folder>/<session>/subagents/**/agent-<id>.meta.json  its type, what spawned it

Observed with 2.1.63 and 2.1.330: the call in the parent's thread keeps the prompt as the model
wrote it. What the hooks made of it is the first message of the subagent's thread. What a hook
printed or did wrong is an attachment, in newer versions; one that printed nothing leaves no note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtkq.recall.render import MARKER_END
from rtkq.transcripts import block, shell
from rtkq.transcripts.lines import document, items, records, text, value
from rtkq.transcripts.thread import Call, Note, Thread, instant_ms

CLIENT = "claude-code"
_OF_SUBAGENT = "agent-"
#: These words stand in every line of interest.
_TELLING = (b'"user"', b"tool_use", b"hook_")
_SPAWNING = ("Agent", "Task")
_DEFAULT_KIND = "general-purpose"
_EXPLORING = frozenset(("Glob", "Grep", "LS", "NotebookRead", "Read"))
_OPENING = ("NotebookRead", "Read")
_EDITING = ("Edit", "MultiEdit", "NotebookEdit", "Write")
_CREATED = "File created"
#: Whatever installed it, a hook of ours has our name in its command or our path in its address.
_OURS = re.compile(r"rtkq[- ]hook|/v1/hook/")


def groups(top: Path) -> Iterator[list[Path]]:
    """Yield the transcripts below *top*, those of one project together."""
    try:
        projects = sorted(entry for entry in top.iterdir() if entry.is_dir())
    except OSError:
        return
    for project in projects:
        files = sorted(project.rglob("*.jsonl"))
        yield [one for one in files if one.parent == project or _is_subagents(one)]


def _is_subagents(path: Path) -> bool:
    return path.name.startswith(_OF_SUBAGENT)


def read_thread(path: Path) -> Thread:
    """Return what the transcript at *path* tells; an empty thread if it cannot be read."""
    thread = Thread(CLIENT)
    if _is_subagents(path):
        meta = document(path.with_suffix(".meta.json"))
        thread.agent = path.stem.removeprefix(_OF_SUBAGENT)
        thread.kind = text(meta, "agentType")
        thread.call = text(meta, "toolUseId")
    for record in records(path, _TELLING):
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
    thread.folder = thread.folder or text(record, "cwd")
    thread.began_ms = thread.began_ms or instant_ms(record)


def _read_answer(thread: Thread, record: dict[str, Any]) -> None:
    thread.has_answered = True
    for part in items(record, "message", "content"):
        name = text(part, "id")
        if text(part, "type") == "tool_use" and name and name not in thread.calls:
            thread.calls[name] = _call(part, record)


def _call(part: Any, record: dict[str, Any]) -> Call:
    tool = text(part, "name")
    call = Call(instant_ms(record), text(record, "cwd"))
    call.is_exploratory = tool in _EXPLORING
    path = text(part, "input", "file_path") or text(part, "input", "notebook_path")
    if tool in _SPAWNING:
        call.is_spawn = True
        call.kind = text(part, "input", "subagent_type") or _DEFAULT_KIND
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
        agent = text(record, "toolUseResult", "agentId")
        if call.is_spawn and agent:
            thread.spawned[agent] = text(part, "tool_use_id")


def _note_result(call: Call, part: Any) -> None:
    call.is_failed = value(part, "is_error") is True
    said = _joined([part])
    if call.is_spawn:
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
