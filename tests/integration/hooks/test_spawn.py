"""A subagent's prompt gets the context of its project, once, and is otherwise left as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rtkq import paths, receipts, store
from rtkq_hooks.main import run

AWKWARD = [
    pytest.param(rb'"cart_total \u0000 after"', id="NUL"),
    pytest.param(rb'"cart_total \ud800 \udfff"', id="lone surrogates"),
    pytest.param('"cart_total 😀 найди корзину"'.encode(), id="emoji and Cyrillic"),
    pytest.param(rb'"cart_total \ud83d\ude00\r\n\r\n"', id="pairs and CRLF"),
    pytest.param('"\ufeffcart_total"'.encode(), id="byte order mark"),
    pytest.param(b'"cart_total ' + b"word " * 200_000 + b'"', id="1 MB"),
]


@pytest.mark.parametrize("prompt", AWKWARD)
def test_prompt_arrives_byte_for_byte(staged, prompt: bytes) -> None:
    """The rewritten prompt ends with the very bytes the client sent."""
    document = json.dumps(staged.spawn("@")).encode().replace(b'"@"', prompt)

    answer = staged.call(document)

    context, end, rest = answer.printed.partition(b"</rtkq-context>\\n\\n")
    assert b"src/cart.py" in context
    assert end
    assert rest == prompt[1:] + b"}}}\n"


def test_other_values_come_back_as_sent(staged) -> None:
    """The whole input is echoed: numbers beyond a double, escapes, unknown keys, their order."""
    sent = rb'{"z":1e400,"n":12345678901234567890,"prompt":"cart_total","x":["\ud800",{}],"a":-0}'
    document = json.dumps(staged.spawn() | {"tool_input": 0}).encode()
    document = document.replace(b'"tool_input": 0', b'"tool_input":' + sent)

    printed = staged.call(document).printed

    before, after = sent.split(b"cart_total")
    assert b'"updatedInput":' + before + b"<rtkq-context" in printed
    assert printed.endswith(b"\\n\\ncart_total" + after + b"}}\n")


@pytest.mark.parametrize(
    "kind", ["general-purpose", "Explore", "explore", "no-such-type", "мой агент", "", None, 5]
)
def test_every_type_is_served(staged, kind: object) -> None:
    """Known or not, however spelled, omitted or senseless: a subagent gets the context."""
    tool_input = {} if kind is None else {"subagent_type": kind}

    assert "src/cart.py" in staged.call(staged.spawn(**tool_input)).output["updatedInput"]["prompt"]


@pytest.mark.parametrize(
    "kind", ["reviewer-of-2031", "plugin:skill-agent", "Ревизор кода", "x", "explore-more", "fork2"]
)
def test_types_nobody_has_seen_are_served_in_every_spelling(staged, kind: str) -> None:
    """Neither a list of known types nor a likeness to an exempt one decides."""
    spellings = {kind, kind.upper(), kind.title(), kind.replace("-", " "), f" {kind}_ "}
    for spelling in spellings:
        document = json.dumps(staged.spawn(subagent_type=spelling)).encode()

        assert b"src/cart.py" in run("claude-code", document, staged.settings())


@pytest.mark.parametrize("kind", ["fork", "Fork", "FORK", "statusline-setup", "Statusline Setup"])
def test_exempt_types_are_left_alone(staged, kind: str) -> None:
    """Exempt types are compared without case, spaces and dashes."""
    assert staged.call(staged.spawn(subagent_type=kind)).printed == b""
    assert staged.outcome() == "exempt"


def test_rewriting_leaves_the_decision_to_the_client(staged) -> None:
    """An approval would skip what the user wants to be asked about."""
    assert set(staged.call(staged.spawn()).output) == {"hookEventName", "updatedInput"}


def test_prompt_with_the_current_context_is_left_alone(staged) -> None:
    """A prompt that is handed on does not grow."""
    first = staged.call(staged.spawn()).output["updatedInput"]["prompt"]

    assert staged.call(staged.spawn(first)).printed == b""
    assert staged.outcome() == "marked"


def test_older_context_gives_way(staged) -> None:
    """A block of an earlier generation is replaced, the prompt behind it stays."""
    first = staged.call(staged.spawn("Find cart_total")).output["updatedInput"]["prompt"]
    older = first.replace(' generation="', ' generation="9', 1)

    second = staged.call(staged.spawn(older)).output["updatedInput"]["prompt"]

    assert second == first
    assert staged.outcome() == "superseded"


def test_start_after_a_spawn_adds_nothing(staged) -> None:
    """The subagent has its context already; the next start has not."""
    staged.call(staged.spawn(subagent_type="Ex plore"))

    assert staged.call(staged.started("Explore")).printed == b""
    assert staged.outcome() == "marked"
    assert staged.call(staged.started("Explore")).printed != b""
    assert staged.outcome() == "mapped"


def test_subagent_that_goes_on_is_given_nothing_more(staged) -> None:
    """Its client tells of a start again; the marker of another spawn is left for that."""
    first, second = (staged.started() | {"agent_id": name} for name in ("a1", "a2"))
    staged.call(staged.spawn())
    staged.call(first)
    staged.call(staged.spawn())

    assert staged.call(first).printed == b""
    assert staged.call(second).printed == b""
    outcomes = [line["outcome"] for line in staged.receipts()]
    assert outcomes == ["injected", "marked", "injected", "resumed", "marked"]


def test_receipts_are_linked_with_call_and_subagent(staged) -> None:
    """By what the client's transcript tells as well."""
    staged.call(staged.spawn() | {"tool_use_id": "toolu_1"})
    staged.call(staged.started() | {"agent_id": "a1"})

    assert [line["link"] for line in staged.receipts()] == [
        receipts.link_of("a8edf89d", "toolu_1"),
        receipts.link_of("a8edf89d", "a1"),
    ]


def test_start_after_an_exempt_spawn_adds_nothing(staged) -> None:
    """A fork inherits its parent's conversation; it gets nothing at either moment."""
    staged.call(staged.spawn(subagent_type="fork"))

    assert staged.call(staged.started("fork")).printed == b""
    assert staged.call(staged.started("fork")).printed == b""
    assert [line["outcome"] for line in staged.receipts()] == ["exempt", "marked", "exempt"]


def test_start_of_its_own_gets_a_short_map(staged) -> None:
    """Workflows and skills start subagents without a spawn; those get a map."""
    context = staged.call(staged.started("workflow-subagent")).output["additionalContext"]

    assert context.startswith('<rtkq-context project="shop"')
    assert "src/" in context
    assert len(context) <= 600 * 4


def test_session_start_prints_nothing_and_tells_the_root(staged) -> None:
    """The watcher learns from the receipt where somebody is about to work."""
    document = staged.spawn() | {"hook_event_name": "SessionStart", "cwd": f"{staged.root}/sub"}

    assert staged.call(document).printed == b""
    (line,) = staged.receipts()
    assert (line["event"], line["outcome"]) == ("SessionStart", "noted")
    assert line["root"] == str(staged.root)


def test_checkout_without_memory_gets_nothing_and_is_told(staged, tmp_path: Path) -> None:
    """Its receipt says that there is a checkout nobody knows yet."""
    (tmp_path / ".git").mkdir()

    assert staged.call(staged.spawn() | {"cwd": str(tmp_path)}).printed == b""
    (line,) = staged.receipts()
    assert (line["outcome"], line["root"]) == ("unknown", str(tmp_path.resolve()))


def test_folder_that_is_gone_gets_nothing(staged) -> None:
    """An agent may stand in a folder that was deleted."""
    assert staged.call(staged.spawn() | {"cwd": "/no/such/folder"}).printed == b""
    assert staged.outcome() == "missing"


def test_worktree_borrows_the_memory_of_its_main_checkout(staged, git, tmp_path: Path) -> None:
    """Only what is in the worktree itself is named, and the state is dirty."""
    worktree = tmp_path / "shop-fix"
    git(staged.root, "worktree", "add", "-q", "--detach", str(worktree))
    (worktree / "src/session.py").unlink()
    document = staged.spawn("Find cart_total and SessionStore") | {"cwd": str(worktree)}

    context = staged.call(document).output["updatedInput"]["prompt"]
    git(staged.root, "worktree", "remove", "--force", str(worktree))

    assert 'state="dirty"' in context.splitlines()[0]
    assert "src/cart.py" in context
    assert "src/session.py" not in context
    assert staged.receipts()[-1]["root"] == str(worktree.resolve())


def test_worktree_borrows_until_its_own_memory_is_published(staged, git, tmp_path: Path) -> None:
    """Registering comes first, building takes a moment, and the first spawn comes in between."""
    worktree = tmp_path / "shop-new"
    git(staged.root, "worktree", "add", "-q", "--detach", str(worktree))
    store.register(staged.home, str(worktree.resolve()))
    document = staged.spawn("Find cart_total") | {"cwd": str(worktree)}

    context = staged.call(document).output["updatedInput"]["prompt"]
    git(staged.root, "worktree", "remove", "--force", str(worktree))

    assert 'state="dirty"' in context.splitlines()[0]
    assert "src/cart.py" in context


def test_map_of_a_borrowed_memory_names_what_the_worktree_has(staged, git, tmp_path: Path) -> None:
    """A subagent without a task, in a worktree of its own, is not told of folders it lacks."""
    worktree = tmp_path / "shop-task"
    git(staged.root, "worktree", "add", "-q", "--detach", str(worktree))
    shutil.rmtree(worktree / "tests")

    here = staged.call(staged.started()).output["additionalContext"]
    there = staged.call(staged.started() | {"cwd": str(worktree)}).output["additionalContext"]
    git(staged.root, "worktree", "remove", "--force", str(worktree))

    assert ("src/" in here, "tests/" in here) == (True, True)
    assert ("src/" in there, "tests/" in there) == (True, False)
    assert 'state="dirty"' in there.splitlines()[0]


@pytest.mark.parametrize("kind", ["Explore", "explore", "EXPLORE", "ex plore", "Ex-Plore_"])
def test_explorer_is_denied_in_every_spelling(staged, kind: str) -> None:
    """The client starts its explorer under all of them."""
    document = json.dumps(staged.spawn(subagent_type=kind)).encode()

    printed = run("claude-code", document, staged.settings() | {"explore": "deny"})

    assert json.loads(printed)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_denied_explorer_hands_the_context_to_the_caller(own) -> None:
    """The caller has what it sent the explorer for; no marker waits for a start."""
    own.stage(explore="deny")

    answer = own.call(own.spawn(subagent_type="Ex plore")).output

    assert answer["permissionDecision"] == "deny"
    assert "src/cart.py" in answer["permissionDecisionReason"]
    assert "updatedInput" not in answer
    assert not list((own.home / "run" / "spawns").rglob("explore.*"))
    assert own.outcome() == "denied"


def test_denied_explorer_may_be_allowed_for_once(own) -> None:
    """A variable overrides the policy; other types are never denied."""
    own.stage(explore="deny")

    allowed = own.call(own.spawn(subagent_type="Explore"), RTKQ_ALLOW_NATIVE_EXPLORE="1")
    other = own.call(own.spawn(subagent_type="general-purpose"))

    assert "updatedInput" in allowed.output
    assert "updatedInput" in other.output


def test_explorer_is_let_through_where_there_is_no_context(own, tmp_path: Path) -> None:
    """A refusal without an answer in it would leave the caller with nothing."""
    own.stage(explore="deny")

    document = own.spawn(subagent_type="Explore") | {"cwd": str(tmp_path)}

    assert own.call(document).printed == b""


@pytest.mark.parametrize("damage", ["cut off", "garbage", "empty", "folder", "gone"])
def test_damaged_memory_is_not_served(own, damage: str) -> None:
    """A memory that cannot be read is as good as none, and no spawn is held up by it."""
    file = Path(paths.memory_file(str(own.home), str(own.root)))
    content = file.read_bytes()
    for left in file.parent.iterdir():
        left.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage != "gone":
        kept = {"cut off": content[:5000], "garbage": b"x" * len(content), "empty": b""}
        file.write_bytes(kept[damage])

    answer = own.call(own.spawn())

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")
    assert own.outcome() in ("missing", "unknown", "error")


def test_receipt_holds_no_word_of_the_prompt(staged) -> None:
    """Receipts are read by dashboards and pasted into reports."""
    staged.call(staged.spawn("cart_total SECRET-WORD"), API_KEY="SECRET-KEY")

    (file,) = (staged.home / "receipts").glob("*.log")
    assert b"SECRET" not in file.read_bytes()
    (line,) = staged.receipts()
    assert line["outcome"] == "injected"
    assert line["path1"] == "src/cart.py"
    assert int(line["prompt_bytes"]) == len("cart_total SECRET-WORD")


def test_home_without_room_for_receipts_still_answers(own) -> None:
    """What is only noted down never costs the answer."""
    shutil.rmtree(own.home / "receipts", ignore_errors=True)
    shutil.rmtree(own.home / "run", ignore_errors=True)
    (own.home / "receipts").write_text("in the way")
    (own.home / "run").write_text("in the way")

    assert "updatedInput" in own.call(own.spawn()).output


def test_answer_is_the_same_inside_another_process(staged) -> None:
    """The command for debugging and the daemon run the same code."""
    document = json.dumps(staged.spawn()).encode()

    assert run("claude-code", document, staged.settings()) == staged.call(document).printed
