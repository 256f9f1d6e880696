"""What the hook does with a document of a client, whatever the client's dialect."""

from __future__ import annotations

import posix

from rtkq import recall, receipts
from rtkq_hooks import blocks, checkout, envelope, spawns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rtkq.recall import Context, Memory
    from rtkq.receipts import Receipt
    from rtkq_hooks.checkout import Opener, Place
    from rtkq_hooks.claude_code import ClaudeCode as Dialect

#: Clients show no more than about 10,000 characters of a context at a subagent's start.
_LARGEST_MAP_TOKENS = 2_300
_DENIAL = "Switched off by policy.explore. What is known about the task:"
_NOT_IN_A_TYPE = str.maketrans("", "", " -_")


class Call:
    """One document of a client, as far as it matters here."""

    def __init__(self, dialect: Dialect, document: bytes, opener: Opener) -> None:
        """Read *document*, to be answered from memories that *opener* opens.

        Raises:
            Malformed: It is not strict JSON.
        """
        *texts, tool_input, task = dialect.read(document)
        self.event, self.tool, self.session, self.prompt_id, self.cwd, *rest = (
            (value or b"").decode("utf-8", "surrogateescape") for value in texts
        )
        call, agent, started, asked = rest
        is_start = self.event in dialect.at_start
        self.dialect = dialect
        self.opener = opener
        #: The normalised type of the subagent.
        self.kind = normalised(started if is_start else asked or dialect.default_type)
        #: Of the call, or of the subagent that starts.
        self.link = receipts.link_of(self.session, agent if is_start else call)
        #: The whole input of the tool and the task in it, as raw JSON.
        self.tool_input = tool_input or b""
        self.task = task if task and task.startswith(b'"') else b""


def normalised(kind: str) -> str:
    """Return a subagent's type in the spelling by which types are compared."""
    return kind.lower().translate(_NOT_IN_A_TYPE)


def answer(
    dialect: Dialect,
    document: bytes,
    settings: Mapping[str, str],
    receipt: Receipt,
    opener: Opener,
) -> bytes:
    """Return what the hook prints for *document*: one JSON object, or nothing.

    Args:
        dialect: Of the client that sent it.
        document: What the client wrote to the hook's stdin.
        settings: The flat settings of the staged hook.
        receipt: Filled as far as the call gets.
        opener: Opens the memories that are asked; each is closed again.

    Raises:
        Malformed: The document is not strict JSON.
    """
    call = Call(dialect, document, opener)
    receipt.event = call.event
    if call.event in dialect.before_spawn and call.tool in dialect.tools and call.task:
        return _before_spawn(call, settings, receipt)
    if call.event in dialect.at_start:
        return _at_start(call, settings, receipt)
    receipt.outcome = "ignored"
    if call.event in dialect.at_session and (place := _place(call, settings, receipt)):
        receipt.outcome = "noted" if checkout.is_known(settings["home"], place.root) else "unknown"
    return b""


def _before_spawn(call: Call, settings: Mapping[str, str], receipt: Receipt) -> bytes:
    receipt.type = call.kind
    receipt.link = call.link
    receipt.prompt_bytes = len(call.task) - 2
    if _is_exempt(call, settings):
        receipt.outcome = "exempt"
        _mark(call, settings)
        return b""
    rest = blocks.without_blocks(call.task)
    context = _context(call, envelope.unescape(rest), settings, receipt)
    if context and _is_denied(call, settings):
        receipt.outcome = "denied"
        return call.dialect.denied(f"{_DENIAL}\n\n{context}")
    _mark(call, settings)
    if not context:
        return b""
    if blocks.holds_current(call.task, context):
        receipt.outcome = "marked"
        return b""
    receipt.outcome = "injected" if rest == call.task else "superseded"
    _note_deafness(call, receipt)
    return call.dialect.rewritten(call.tool_input, envelope.prepend(context + blocks.GAP, rest))


def _at_start(call: Call, settings: Mapping[str, str], receipt: Receipt) -> bytes:
    receipt.type = call.kind
    receipt.link = call.link
    if call.link and not spawns.begin(settings["home"], call.link):
        receipt.outcome = "resumed"
        return b""
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
    _note_deafness(call, receipt)
    return call.dialect.added(context)


def _context(call: Call, task: str | None, settings: Mapping[str, str], receipt: Receipt) -> str:
    """Return the block for *task*, or the map where no task is known; "" if there is none."""
    place = _place(call, settings, receipt)
    memory = checkout.open_memory(settings["home"], place, call.opener) if place else None
    if place is None or memory is None:
        return ""
    try:
        context = _recalled(memory, place.root, task, settings)
    finally:
        memory.close()
    receipt.describe(context)
    return context.text.rstrip("\n")


def _recalled(memory: Memory, root: str, task: str | None, settings: Mapping[str, str]) -> Context:
    # The root is the agent's own, which is not the memory's in a worktree that borrows one.
    stale_after_s = int(settings["stale_after_s"])
    if task is not None:
        return recall.context(
            memory,
            task,
            budget_tokens=memory.budget(int(settings["budget_tokens"])),
            root=root,
            stale_after_s=stale_after_s,
        )
    return recall.project_map(
        memory,
        budget_tokens=memory.budget(min(int(settings["map_tokens"]), _LARGEST_MAP_TOKENS)),
        root=root,
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
    if not call.dialect.at_start:
        return  # nobody would come for the marker
    try:
        spawns.drop(settings["home"], call.session, call.prompt_id, call.kind)
    except OSError:
        return  # without a marker the subagent is given a map as well, which does no harm


def _note_deafness(call: Call, receipt: Receipt) -> None:
    if not call.dialect.is_heard:
        receipt.outcome = "unheard"


def _is_exempt(call: Call, settings: Mapping[str, str]) -> bool:
    return call.kind in map(normalised, settings["exempt"].split(","))


def _is_denied(call: Call, settings: Mapping[str, str]) -> bool:
    is_allowed = posix.environ.get(b"RTKQ_ALLOW_NATIVE_EXPLORE") == b"1"
    return call.kind in call.dialect.explorers and settings["explore"] == "deny" and not is_allowed
