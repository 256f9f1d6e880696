"""Every client is answered in its own words, and its task arrives as it was spelled.

Documents under a version were recorded from that version of the client; those that are called
documented are written after its documentation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rtkq import receipts
from rtkq_hooks.main import run

FIXTURES = Path(__file__).parents[2] / "fixtures"
TASK = "SUB-ORIGINAL please look around"
#: How a context begins, inside a JSON string.
BLOCK = b'<rtkq-context project=\\"shop\\"'
ALLOWED = {"permissionDecision": "allow"}


class Spawn(NamedTuple):
    """How a client asks for a subagent, and where it looks for the answer."""

    agent: str
    #: File of the document, without its suffix.
    sent: str
    #: Keys that lead to the tool's input in the document, and to the new one in the answer.
    holder: tuple[str, ...]
    answered: tuple[str, ...]
    #: Keys of the task and of the type in the tool's input.
    task: str
    kind: str
    #: Keys that lead to the reason in a refusal, and what else says that it is one.
    reason: tuple[str, ...]
    refusal: dict[str, Any]
    #: What an answer holds beside the new input.
    beside: dict[str, Any]


CLAUDE_LIKE = ("hookSpecificOutput", "permissionDecisionReason")
#: Clients that obey a refusal and nothing else, whatever their documents say.
DEAF = ("qwen",)
DENY = {"permissionDecision": "deny"}
SPAWNS = [
    Spawn(
        "codex", "0.169.0/PreToolUse-spawn_agent", ("tool_input",),
        ("hookSpecificOutput", "updatedInput"), "message", "agent_type", CLAUDE_LIKE, DENY,
        {"hookEventName": "PreToolUse", **ALLOWED},
    ),
    Spawn(
        "gemini", "0.61.0/BeforeTool-invoke_agent", ("tool_input",),
        ("hookSpecificOutput", "tool_input"), "prompt", "agent_name", ("reason",),
        {"decision": "deny"}, {"hookEventName": "BeforeTool"},
    ),
    Spawn(
        "qwen", "0.24.4/PreToolUse-agent", ("tool_input",),
        ("hookSpecificOutput", "updatedInput"), "prompt", "subagent_type", CLAUDE_LIKE, DENY,
        {"hookEventName": "PreToolUse", **ALLOWED, "permissionDecisionReason": "rtkq context"},
    ),
    Spawn(
        "droid", "documented/PreToolUse-Task", ("tool_input",),
        ("hookSpecificOutput", "updatedInput"), "prompt", "subagent_type", CLAUDE_LIKE, DENY,
        {"hookEventName": "PreToolUse"},
    ),
    Spawn(
        "copilot", "1.0.102/preToolUse-task", ("toolArgs",), ("modifiedArgs",),
        "prompt", "agent_type", ("permissionDecisionReason",), DENY, {},
    ),
    Spawn(
        "copilot", "1.0.102/PreToolUse-Agent", ("tool_input",), ("modifiedArgs",),
        "prompt", "agent_type", ("permissionDecisionReason",), DENY, {},
    ),
    Spawn(
        "cursor", "documented/preToolUse-Task", ("tool_input",), ("updated_input",),
        "prompt", "subagent_type", ("agent_message",), {"permission": "deny"},
        {"permission": "allow"},
    ),
    Spawn("opencode", "documented/task", (), (), "prompt", "subagent_type", ("deny",), {}, {}),
]  # fmt: skip
#: The exploring agents that clients bring along, in spellings a model may choose.
EXPLORERS = [
    ("codex", "explorer"), ("codex", "Explorer"), ("gemini", "codebase_investigator"),
    ("gemini", "Codebase Investigator"), ("qwen", "Explore"), ("droid", "explorer"),
    ("copilot", "explore"), ("cursor", "explore"), ("opencode", "Explore"),
    ("opencode", "ex-plore"),
]  # fmt: skip
each_spawn = pytest.mark.parametrize(
    "spawn", SPAWNS, ids=lambda spawn: f"{spawn.agent}/{spawn.sent}"
)


def sent(agent: str, name: str, root: Path) -> dict[str, Any]:
    """Return a document as if it had been sent from the project at *root*."""
    text = (FIXTURES / agent / f"{name}.json").read_text()
    document: dict[str, Any] = json.loads(text.replace("@ROOT@/proj", str(root)))
    return document


def at(document: Any, keys: tuple[str, ...]) -> Any:
    """Return what stands in *document* where the *keys* lead."""
    for key in keys:
        document = document[key]
    return document


def of_type(spawn: Spawn, kind: str, root: Path) -> dict[str, Any]:
    """Return the document of a spawn of this type."""
    document = sent(spawn.agent, spawn.sent, root)
    at(document, spawn.holder)[spawn.kind] = kind
    return document


@each_spawn
def test_spawn_is_given_the_context_in_the_dialect_of_its_client(staged, spawn: Spawn) -> None:
    """The input comes back whole, with the context in front of the task, and nothing else."""
    document = sent(spawn.agent, spawn.sent, staged.root)

    answer = json.loads(staged.call(document, agent=spawn.agent).printed)

    given = at(answer, spawn.answered)
    context, end, task = given.pop(spawn.task).partition("</rtkq-context>\n\n")
    assert context.startswith('<rtkq-context project="shop"')
    assert end
    assert task == TASK
    beside = at(answer, spawn.answered[:-1])
    beside.pop(spawn.answered[-1] if spawn.answered else "", None)
    assert beside == spawn.beside
    if spawn.answered:
        rest = at(document, spawn.holder)
        assert given == {key: rest[key] for key in rest if key != spawn.task}
    assert staged.outcome() == ("unheard" if spawn.agent in DEAF else "injected")


@each_spawn
def test_receipt_is_linked_with_the_call_where_the_client_numbers_it(staged, spawn: Spawn) -> None:
    """What the transcript says of the same call gives the same digits."""
    document = sent(spawn.agent, spawn.sent, staged.root)

    run(spawn.agent, json.dumps(document).encode(), staged.settings())

    session = document.get("session_id", document.get("conversation_id", ""))
    (line,) = staged.receipts()
    assert line["link"] == receipts.link_of(session, document.get("tool_use_id", ""))
    assert bool(line["link"]) is (spawn.agent in ("codex", "qwen", "cursor"))


@each_spawn
def test_task_arrives_byte_for_byte(staged, spawn: Spawn) -> None:
    """What a decoder would lose or change reaches the subagent as the client spelled it."""
    prompt = rb'"cart_total \u0000 \ud800 \ud83d\ude00 \/ \u0041"'
    document = json.dumps(sent(spawn.agent, spawn.sent, staged.root)).encode()

    answer = staged.call(document.replace(json.dumps(TASK).encode(), prompt), agent=spawn.agent)

    context, end, rest = answer.printed.partition(b"</rtkq-context>\\n\\n")
    assert b"src/cart.py" in context
    assert end
    assert rest.startswith(prompt[1:])


@each_spawn
def test_types_nobody_has_seen_are_served_everywhere(staged, spawn: Spawn) -> None:
    """A client may bring new types tomorrow; none has to be known to be served."""
    for kind in ("reviewer-of-2031", "Ревизор", "X Y_Z", "worker", "forks", "explore2", ""):
        for spelling in (kind, kind.upper(), kind.lower(), kind.replace("-", " ")):
            document = json.dumps(of_type(spawn, spelling, staged.root)).encode()

            assert BLOCK in run(spawn.agent, document, staged.settings())


@each_spawn
def test_exempt_types_are_left_alone_everywhere(staged, spawn: Spawn) -> None:
    """What `policy.exempt` names gets nothing, however the client spells it."""
    for kind in ("fork", "Fork", "statusline_setup", "Statusline Setup"):
        assert run(
            spawn.agent,
            json.dumps(of_type(spawn, kind, staged.root)).encode(),
            staged.settings(),
        ) == b""  # fmt: skip
        assert staged.outcome() == "exempt"


@pytest.mark.parametrize(("agent", "kind"), EXPLORERS)
def test_explorer_is_refused_in_the_dialect_of_its_client(staged, agent: str, kind: str) -> None:
    """Under deny the client's own explorer is refused, and the reason holds the context."""
    settings = staged.settings() | {"explore": "deny"}
    for spawn in (spawn for spawn in SPAWNS if spawn.agent == agent):
        document = json.dumps(of_type(spawn, kind, staged.root)).encode()

        answer = json.loads(run(agent, document, settings))

        assert BLOCK.decode() in json.dumps(at(answer, spawn.reason))
        assert spawn.refusal.items() <= at(answer, spawn.reason[:-1]).items()
        assert staged.outcome() == "denied"


@each_spawn
def test_explorer_goes_through_where_there_is_no_context(
    staged, spawn: Spawn, tmp_path: Path
) -> None:
    """A refusal without an answer in it would leave the caller with nothing."""
    settings = staged.settings() | {"explore": "deny"}
    for kind in ("explore", "explorer", "codebase_investigator"):
        document = json.dumps(of_type(spawn, kind, tmp_path)).encode()

        assert run(spawn.agent, document, settings) == b""


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("codex", "0.169.0/SubagentStart"),
        ("qwen", "0.24.4/SubagentStart"),
        ("copilot", "1.0.102/subagentStart"),
        ("copilot", "1.0.102/subagentStart-beside-pascal"),
    ],
)
def test_start_that_no_spawn_preceded_gets_the_map(staged, agent: str, name: str) -> None:
    """A subagent whose task is not known is given the map of the project."""
    document = sent(agent, name, staged.root)

    answer = json.loads(staged.call(document, agent=agent).printed)

    output = answer.pop("hookSpecificOutput", answer)
    assert "src/" in output.pop("additionalContext")
    assert output in ({}, {"hookEventName": "SubagentStart"})
    assert staged.outcome() == ("unheard" if agent in DEAF else "mapped")
    assert staged.call(document, agent=agent).printed == b""
    assert staged.outcome() == "resumed"


@pytest.mark.parametrize(
    ("agent", "spawned", "started"),
    [
        ("codex", "0.169.0/PreToolUse-spawn_agent", "0.169.0/SubagentStart"),
        ("qwen", "0.24.4/PreToolUse-agent", "0.24.4/SubagentStart"),
        ("copilot", "1.0.102/preToolUse-task", "1.0.102/subagentStart"),
    ],
)
def test_start_after_a_spawn_adds_nothing_more(
    staged, agent: str, spawned: str, started: str
) -> None:
    """One context a subagent: the start finds the marker that the spawn left."""
    staged.call(sent(agent, spawned, staged.root), agent=agent)

    assert staged.call(sent(agent, started, staged.root), agent=agent).printed == b""
    assert staged.outcome() == "marked"


@pytest.mark.parametrize("agent", ["gemini", "droid", "cursor", "opencode"])
def test_no_marker_is_left_where_nobody_would_take_it(staged, agent: str) -> None:
    """These clients tell nobody that a subagent starts."""
    (spawn,) = (spawn for spawn in SPAWNS if spawn.agent == agent)

    assert staged.call(sent(agent, spawn.sent, staged.root), agent=agent).printed

    assert not (staged.home / "run" / "spawns").exists()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("codex", "0.169.0/SessionStart"),
        ("gemini", "0.61.0/SessionStart"),
        ("qwen", "0.24.4/SessionStart"),
        ("droid", "documented/SessionStart"),
        ("copilot", "1.0.102/sessionStart"),
        ("copilot", "1.0.102/SessionStart-pascal"),
        ("cursor", "documented/sessionStart"),
    ],
)
def test_session_tells_the_watcher_where_somebody_works(staged, agent: str, name: str) -> None:
    """Nothing is printed; the receipt names the project."""
    assert staged.call(sent(agent, name, staged.root), agent=agent).printed == b""
    (line,) = staged.receipts()
    assert (line["outcome"], line["root"]) == ("noted", str(staged.root))


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("codex", "0.169.0/UserPromptSubmit"),
        ("codex", "0.169.0/UserPromptSubmit-in-subagent"),
        ("gemini", "0.61.0/BeforeAgent"),
        ("copilot", "documented/preToolUse-bash"),
        ("cursor", "documented/subagentStart"),
    ],
)
def test_other_moments_of_a_client_are_left_alone(staged, agent: str, name: str) -> None:
    """Only a spawn, a start and a session matter."""
    assert staged.call(sent(agent, name, staged.root), agent=agent).printed == b""
    assert staged.outcome() == "ignored"


def test_arguments_within_a_text_are_read_as_well(staged) -> None:
    """Copilot may hand its arguments over as JSON inside a text."""
    document = sent("copilot", "documented/preToolUse-task-text", staged.root)

    args = json.loads(staged.call(document, agent="copilot").printed)["modifiedArgs"]

    assert args.pop("prompt").endswith(f"</rtkq-context>\n\n{TASK}")
    assert args == {"agent_type": "explore", "description": "look"}


@pytest.mark.parametrize("event", ["preToolUse", "PreToolUse"])
def test_cursor_running_an_entry_of_claude_code_is_answered_as_cursor(staged, event: str) -> None:
    """Cursor reads Claude Code's settings too, and says who it is."""
    document = sent("cursor", "documented/preToolUse-Task", staged.root) | {
        "hook_event_name": event
    }

    answer = staged.call(document)

    assert (answer.code, answer.errors) == (0, b"")
    assert BLOCK in answer.printed
    assert set(json.loads(answer.printed)) == {"permission", "updated_input"}


def test_prompt_about_cursor_is_still_claude_codes(staged) -> None:
    """A task may quote the key by which Cursor is known, at any depth."""
    document = staged.spawn('cart_total {"cursor_version": 1}', extra={"cursor_version": "1"})

    assert "updatedInput" in staged.call(document).output


def test_copilot_running_an_entry_of_claude_code_is_answered_as_copilot(staged) -> None:
    """Copilot reads Claude Code's settings of a project, and names the type in its own way."""
    spawn = sent("copilot", "1.0.102/PreToolUse-Agent", staged.root)
    start = sent("copilot", "1.0.102/subagentStart-beside-pascal", staged.root)
    deny = staged.settings() | {"explore": "deny"}

    refused = run("claude-code", json.dumps(spawn).encode(), deny)
    given = staged.call(spawn)
    started = staged.call(start | {"sessionId": spawn["session_id"]})

    assert json.loads(refused)["permissionDecision"] == "deny"
    assert (given.code, given.errors) == (0, b"")
    assert set(json.loads(given.printed)) == {"modifiedArgs"}
    assert (started.code, started.printed) == (0, b"")
    assert staged.outcome() == "marked"


def test_timestamp_alone_does_not_make_another_client(staged) -> None:
    """Claude Code may tell the time one day; it always tells its transcript."""
    document = staged.spawn("cart_total") | {"timestamp": "2026-11-23T00:00:00Z"}

    assert "updatedInput" in staged.call(document | {"transcript_path": "/t.jsonl"}).output


@pytest.mark.parametrize("agent", ["no-such-agent", "Codex", "../codex", ""])
def test_clients_nobody_knows_get_nothing(staged, agent: str) -> None:
    """A name that is not one of ours is left alone, whatever it sends."""
    answer = staged.call(staged.spawn(), agent=agent)

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")
    assert staged.outcome() == "ignored"
