"""The dialects of all clients but Claude Code, which does not pay for them.

Droid and Cursor speak as their documents say, the others as was seen. What was seen, and in
which versions, stands in docs/reference/agents.md.
"""

from __future__ import annotations

from rtkq_hooks import envelope
from rtkq_hooks.claude_code import ClaudeCode, printed

_FOLDER = 4
_COMMON = ClaudeCode.texts[:-1]


class Codex(ClaudeCode):
    """OpenAI's Codex CLI."""

    tools = ("spawn_agent", "Agent", "Task")
    default_type = "default"
    explorers = ("explorer", "explore")
    texts = (*_COMMON, "$.tool_input.agent_type")
    key = "message"

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:
        """Return the answer with a decision, without which the client refuses a rewrite."""
        updated = envelope.put(tool_input, self.key, task)
        return printed("PreToolUse", b'"permissionDecision":"allow","updatedInput":' + updated)


class Gemini(ClaudeCode):
    """Google's Gemini CLI."""

    before_spawn = ("BeforeTool",)
    at_start = ()
    tools = ("invoke_agent",)
    explorers = ("codebaseinvestigator", "explore")
    texts = (*_COMMON, "$.tool_input.agent_name")

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:
        """Return the whole input: the client replaces, whatever its documents say."""
        updated = envelope.put(tool_input, self.key, task)
        return printed("BeforeTool", b'"tool_input":' + updated)

    def denied(self, reason: str) -> bytes:
        """Return the refusal, which stands at the top of the answer here."""
        return b'{"decision":"deny","reason":"%b"}\n' % envelope.escape(reason)


class Qwen(ClaudeCode):
    """Qwen Code, which obeys a refusal and takes no notice of any other answer."""

    is_heard = False
    tools = ("agent", "task", "Agent", "Task")
    explorers = ("explore", "explorer")

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:
        """Return the answer with a decision and its reason, which the client requires."""
        decision = b'"permissionDecision":"allow","permissionDecisionReason":"rtkq context",'
        updated = envelope.put(tool_input, self.key, task)
        return printed("PreToolUse", decision + b'"updatedInput":' + updated)


class Droid(ClaudeCode):
    """Factory's Droid."""

    at_start = ()
    explorers = ("explorer", "explore")


class Copilot(ClaudeCode):
    """GitHub's Copilot CLI, where the entry names the event as Claude Code does."""

    tools = ("Agent", "Task", "task")
    texts = (*_COMMON[:-1], "$.agent_name", "$.tool_input.agent_type")

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:
        """Return the new arguments; members stand at the top of the answer here."""
        return b'{"modifiedArgs":%b}\n' % envelope.put(tool_input, self.key, task)

    def denied(self, reason: str) -> bytes:
        """Return the refusal; the exit code stays 0, any other is one without a reason."""
        decision = b'{"permissionDecision":"deny","permissionDecisionReason":"%b"}\n'
        return decision % envelope.escape(reason)

    def added(self, context: str) -> bytes:
        """Return what the client puts in front of the subagent's prompt."""
        return b'{"additionalContext":"%b"}\n' % envelope.escape(context)


class CopilotCamel(Copilot):
    """GitHub's Copilot CLI under its own names.

    A document does not name its event here, but our entries stand at three of them alone, and
    those differ in their keys.
    """

    before_spawn = ("preToolUse",)
    at_start = ("subagentStart",)
    at_session = ("sessionStart",)
    texts = ("$.toolName", "$.sessionId", "$.cwd", "$.agentId", "$.agent_id", "$.agentName",
             "$.source", "$.toolArgs")  # fmt: skip

    def read(self, document: bytes) -> list[bytes | None]:
        """Return the values in Claude Code's order; the arguments may be JSON within a text."""
        values = envelope.pick(document, self.texts, ())
        tool, session, cwd, agent, same_agent, started, source, tool_input = values
        event = asked = task = None
        if tool == b"task" and tool_input:
            event = b"preToolUse"
            asked, task = envelope.pick(tool_input, ("$.agent_type",), (f"$.{self.key}",))
        elif started or source:
            event = b"subagentStart" if started else b"sessionStart"
        agent = agent or same_agent
        return [event, tool, session, None, cwd, None, agent, started, asked, tool_input, task]


class Cursor(ClaudeCode):
    """Cursor, also where it runs what was written for Claude Code."""

    before_spawn = ("preToolUse", "PreToolUse")
    at_start = ()
    at_session = ("sessionStart", "SessionStart")
    tools = ("Task", "Agent")
    default_type = "generalPurpose"
    texts = ("$.hook_event_name", "$.tool_name", "$.conversation_id", *ClaudeCode.texts[3:])

    def read(self, document: bytes) -> list[bytes | None]:
        """Return the values; some events tell the roots of the workspace instead of a folder."""
        values = super().read(document)
        if not values[_FOLDER]:
            values[_FOLDER] = envelope.pick(document, ("$.workspace_roots[0]",), ())[0]
        return values

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:
        """Return the new input in this client's spelling."""
        updated = envelope.put(tool_input, self.key, task)
        return b'{"permission":"allow","updated_input":%b}\n' % updated

    def denied(self, reason: str) -> bytes:
        """Return the refusal: its first line for the user, all of it for the agent."""
        user, agent = envelope.escape(reason.partition("\n")[0]), envelope.escape(reason)
        return b'{"permission":"deny","user_message":"%b","agent_message":"%b"}\n' % (user, agent)


class OpenCode(ClaudeCode):
    """OpenCode, through the plugin that `rtkq init` writes for it: both sides are ours."""

    before_spawn = ("task",)
    at_start = ()
    at_session = ()
    tools = ("task",)
    default_type = "general"
    texts = ("$.tool", "$.tool", "$.session_id", "$.prompt_id", "$.cwd", "$.tool_use_id",
             "$.agent_id", "$.agent_type", "$.subagent_type")  # fmt: skip
    holder = "$"

    def rewritten(self, tool_input: bytes, task: bytes) -> bytes:  # noqa: ARG002
        """Return the new prompt alone."""
        return b'{"prompt":%b}\n' % task

    def denied(self, reason: str) -> bytes:
        """Return the refusal, which the plugin throws."""
        return b'{"deny":"%b"}\n' % envelope.escape(reason)


_NAMED = {
    "codex": Codex,
    "cursor": Cursor,
    "droid": Droid,
    "gemini": Gemini,
    "opencode": OpenCode,
    "qwen": Qwen,
}


def of(agent: str, document: bytes) -> ClaudeCode | None:
    """Return the dialect of *document*, or ``None`` for a client nobody knows.

    Args:
        agent: Name of the client whose entry was run.
        document: What was sent: Cursor and Copilot run entries of Claude Code as well, and
            Copilot has two spellings.

    Raises:
        Malformed: The document is not strict JSON.
    """
    if agent == "claude-code":
        return _caller(document)
    if agent == "copilot":
        return _copilot(document)
    return _NAMED[agent]() if agent in _NAMED else None


def _caller(document: bytes) -> ClaudeCode:
    """Return the dialect of whoever runs an entry of Claude Code."""
    keys = ("$.cursor_version", "$.transcript_path", "$.timestamp", "$.sessionId")
    cursor, transcript, timestamp, session = envelope.pick(document, keys, ())
    if cursor:
        return Cursor()
    is_copilot = session or (timestamp and not transcript)
    return _copilot(document) if is_copilot else ClaudeCode()


def _copilot(document: bytes) -> ClaudeCode:
    (event,) = envelope.pick(document, ("$.hook_event_name",), ())
    return Copilot() if event else CopilotCamel()
