"""Claude Code's dialect: what it sends its hooks and what it understands as an answer."""

from __future__ import annotations

from rtkq_hooks import envelope


class ClaudeCode:
    """A dialect; those of other clients derive from this one and say what differs."""

    #: The client's names for the moments that matter, none where it has no such moment.
    before_spawn: tuple[str, ...] = ("PreToolUse",)
    at_start: tuple[str, ...] = ("SubagentStart",)
    at_session: tuple[str, ...] = ("SessionStart",)
    #: The tools that spawn a subagent.
    tools: tuple[str, ...] = ("Agent", "Task")
    #: What the client starts when the call names no type.
    default_type = "general-purpose"
    #: The client's own exploring agents, as `calls.normalised` spells them.
    explorers: tuple[str, ...] = ("explore",)
    #: Whether what is answered to a spawn or a start reaches the subagent.
    is_heard = True
    #: Where event, tool, session, prompt id, folder, id of the call, id and type of the started
    #: subagent and the wished type stand.
    texts: tuple[str, ...] = (
        "$.hook_event_name",
        "$.tool_name",
        "$.session_id",
        "$.prompt_id",
        "$.cwd",
        "$.tool_use_id",
        "$.agent_id",
        "$.agent_type",
        "$.tool_input.subagent_type",
    )
    #: Where the input of the tool stands, and under which key of it the task.
    holder = "$.tool_input"
    key = "prompt"

    def read(self, document: bytes) -> list[bytes | None]:
        """Return what stands at `texts`, the tool's input and the task, both as raw JSON.

        Raises:
            Malformed: The document is not strict JSON.
        """
        return envelope.pick(document, self.texts, (self.holder, f"{self.holder}.{self.key}"))

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:
        """Return the answer that gives the subagent *task* (raw JSON) in place of its own."""
        # No permissionDecision: "allow" would approve what the user is to be asked about.
        updated = envelope.put(tool_input, self.key, task)
        return printed("PreToolUse", b'"updatedInput":' + updated)

    def denied(self, reason: str) -> bytes:
        """Return the answer that refuses the spawn; the caller is told the *reason*."""
        decision = b'"permissionDecision":"deny","permissionDecisionReason":"%b"'
        return printed("PreToolUse", decision % envelope.escape(reason))

    def added(self, context: str) -> bytes:
        """Return the answer that gives a subagent the *context* at its start."""
        return printed("SubagentStart", b'"additionalContext":"%b"' % envelope.escape(context))


def printed(event: str, members: bytes) -> bytes:
    """Return the document in which Claude-like clients look for *members*."""
    head = b'{"hookSpecificOutput":{"hookEventName":"%b",' % event.encode()
    return head + members + b"}}\n"
