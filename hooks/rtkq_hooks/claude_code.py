"""Claude Code's dialect: what it sends its hooks and what it understands as an answer."""

from __future__ import annotations

import posix

from rtkq import recall
from rtkq_hooks import blocks, checkout, envelope, spawns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkq.recall import Context, Memory
    from rtkq.receipts import Receipt
    from rtkq_hooks.checkout import Place

_SPAWNING_TOOLS = ("Agent", "Task")
#: What the client starts when the call names no type.
_DEFAULT_TYPE = "general-purpose"
_EXPLORER = "explore"
#: The client shows no more than 10,000 characters of a context at a subagent's start.
_LARGEST_MAP_TOKENS = 2_300
_DENIAL = "Switched off by policy.explore. What is known about the task:"
_NOT_IN_A_TYPE = str.maketrans("", "", " -_")
_TEXTS = (
    "$.hook_event_name",
    "$.tool_name",
    "$.session_id",
    "$.prompt_id",
    "$.cwd",
    "$.agent_type",
    "$.tool_input.subagent_type",
)
_TOKENS = ("$.tool_input", "$.tool_input.prompt")


class Call:
    """One document of the client, as far as it matters here."""

    def __init__(self, document: bytes) -> None:
        """Read *document*.

        Raises:
            Malformed: It is not strict JSON.
        """
        *texts, tool_input, prompt = envelope.pick(document, _TEXTS, _TOKENS)
        self.event, self.tool, self.session, self.prompt_id, self.cwd, started, asked = (
            (value or b"").decode("utf-8", "surrogateescape") for value in texts
        )
        #: The normalised type of the subagent.
        self.kind = normalised(started if self.event == "SubagentStart" else asked or _DEFAULT_TYPE)
        #: The whole input of the tool and the prompt in it, as raw JSON.
        self.tool_input = tool_input or b""
        self.prompt = prompt if prompt and prompt.startswith(b'"') else b""


def normalised(kind: str) -> str:
    """Return a subagent's type in the spelling by which types are compared."""
    return kind.lower().translate(_NOT_IN_A_TYPE)


def answer(document: bytes, settings: Mapping[str, str], receipt: Receipt) -> bytes:
    """Return what the hook prints for *document*: one JSON object, or nothing.

    Args:
        document: What the client wrote to the hook's stdin.
        settings: The flat settings of the staged hook.
        receipt: Filled as far as the call gets.

    Raises:
        Malformed: The document is not strict JSON.
    """
    call = Call(document)
    receipt.event = call.event
    if call.event == "PreToolUse" and call.tool in _SPAWNING_TOOLS and call.prompt:
        return _before_spawn(call, settings, receipt)
    if call.event == "SubagentStart":
        return _at_start(call, settings, receipt)
    receipt.outcome = "ignored"
    if call.event == "SessionStart" and (place := _place(call, settings, receipt)):
        receipt.outcome = "noted" if checkout.is_known(settings["home"], place.root) else "unknown"
    return b""


def _before_spawn(call: Call, settings: Mapping[str, str], receipt: Receipt) -> bytes:
    receipt.type = call.kind
    receipt.prompt_bytes = len(call.prompt) - 2
    if _is_exempt(call, settings):
        receipt.outcome = "exempt"
        _mark(call, settings)
        return b""
    rest = blocks.without_blocks(call.prompt)
    context = _context(call, envelope.unescape(rest), settings, receipt)
    if context and _is_denied(call, settings):
        receipt.outcome = "denied"
        return _denial(context)
    _mark(call, settings)
    if not context:
        return b""
    if blocks.holds_current(call.prompt, context):
        receipt.outcome = "marked"
        return b""
    receipt.outcome = "injected" if rest == call.prompt else "superseded"
    prompt = envelope.prepend(context + blocks.GAP, rest)
    return _rewrite(envelope.put(call.tool_input, "prompt", prompt))


def _at_start(call: Call, settings: Mapping[str, str], receipt: Receipt) -> bytes:
    receipt.type = call.kind
    if spawns.take(settings["home"], call.session, call.prompt_id, call.kind):
        receipt.outcome = "marked"
        return b""
    if _is_exempt(call, settings):
        receipt.outcome = "exempt"
        return b""
    context = _context(call, None, settings, receipt)
    if not context:
        return b""
    receipt.outcome = "mapped"
    return _added(context)


def _context(call: Call, task: str | None, settings: Mapping[str, str], receipt: Receipt) -> str:
    """Return the block for *task*, or the map where no task is known; "" if there is none."""
    place = _place(call, settings, receipt)
    memory = checkout.open_memory(settings["home"], place) if place else None
    if place is None or memory is None:
        return ""
    try:
        context = _recalled(memory, place.root, task, settings)
    finally:
        memory.close()
    if context is None:
        return ""
    receipt.describe(context)
    return context.text.rstrip("\n")


def _recalled(
    memory: Memory, root: str, task: str | None, settings: Mapping[str, str]
) -> Context | None:
    stale_after_s = int(settings["stale_after_s"])
    if task is not None:
        return recall.context(
            memory,
            task,
            budget_tokens=int(settings["budget_tokens"]),
            root=root,
            stale_after_s=stale_after_s,
        )
    if memory.root != root:
        return None  # a map is printed as stored: its paths were not looked up in this worktree
    return recall.project_map(
        memory,
        budget_tokens=min(int(settings["map_tokens"]), _LARGEST_MAP_TOKENS),
        stale_after_s=stale_after_s,
    )


def _place(call: Call, settings: Mapping[str, str], receipt: Receipt) -> Place | None:
    """Return where the caller works, noted in the receipt as a place without a memory."""
    user_home = posix.environ.get(b"HOME", b"").decode("utf-8", "surrogateescape")
    place = checkout.find(settings["home"], call.cwd, user_home=user_home)
    receipt.outcome = "missing"
    if place is not None:
        receipt.root = place.root
        is_new = place.is_checkout and not checkout.is_known(settings["home"], place.root)
        receipt.outcome = "unknown" if is_new else "missing"
    return place


def _mark(call: Call, settings: Mapping[str, str]) -> None:
    try:
        spawns.drop(settings["home"], call.session, call.prompt_id, call.kind)
    except OSError:
        return  # without a marker the subagent is given a map as well, which does no harm


def _is_exempt(call: Call, settings: Mapping[str, str]) -> bool:
    return call.kind in map(normalised, settings["exempt"].split(","))


def _is_denied(call: Call, settings: Mapping[str, str]) -> bool:
    is_allowed = posix.environ.get(b"RTKQ_ALLOW_NATIVE_EXPLORE") == b"1"
    return call.kind == _EXPLORER and settings["explore"] == "deny" and not is_allowed


def _rewrite(tool_input: bytes) -> bytes:
    # No permissionDecision: "allow" would approve what the user is to be asked about.
    return _printed("PreToolUse", b'"updatedInput":' + tool_input)


def _denial(context: str) -> bytes:
    reason = envelope.escape(f"{_DENIAL}\n\n{context}")
    decision = b'"permissionDecision":"deny","permissionDecisionReason":"%b"' % reason
    return _printed("PreToolUse", decision)


def _added(context: str) -> bytes:
    return _printed("SubagentStart", b'"additionalContext":"%b"' % envelope.escape(context))


def _printed(event: str, members: bytes) -> bytes:
    head = b'{"hookSpecificOutput":{"hookEventName":"%b",' % event.encode()
    return head + members + b"}}\n"
