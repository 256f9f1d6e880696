"""``rtkq discover`` names each subagent that started without context, and the true reason."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq import config, receipts, transcripts
from rtkq.answers import discover, reasons
from rtkq.answers.reasons import REASONS
from rtkq.errors import ProjectError
from rtkq.receipts import Receipt
from rtkq.transcripts import Folders, lines

Recorded = Callable[..., Folders]


def found(tops: Folders, **variables: str) -> dict[str, Any]:
    """Return the document of everything the transcripts in *tops* tell."""
    return discover.discover(config.load({**os.environ, **variables}), tops, since_ms=0)


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        ("bare", "not_installed"),
        ("unknown", "no_memory"),
        ("failed", "failed"),
        ("slow", "timeout"),
        ("rewritten", "rewritten"),
        ("disabled", "disabled"),
        ("exempt", "exempt"),
    ],
)
def test_reason_is_the_one_the_session_was_recorded_with(
    session: str, reason: str, recorded: Recorded
) -> None:
    """Real sessions: without hooks, without memory, with a missing command, a slow one, a rival."""
    document = found(recorded(session))

    assert [one["reason"] for one in document["without"]] == [reason]
    assert document["reasons"] == {one: int(one == reason) for one in REASONS}


@pytest.mark.parametrize("session", ["injected", "nested", "parallel", "worktree", "resumed"])
def test_subagents_with_the_context_are_covered(session: str, recorded: Recorded) -> None:
    """Also those of subagents, of several at once, in a worktree, and those that were resumed."""
    document = found(recorded(session))

    assert document["with_context"] == document["subagents"] > 0
    assert document["covered"] == 1.0
    assert document["without"] == []


@pytest.mark.parametrize("session", ["skill", "workflow"])
def test_subagents_without_a_task_are_covered_by_the_map(session: str, recorded: Recorded) -> None:
    """Forks of skills and agents of workflows have no call that could have carried a context."""
    document = found(recorded(session))

    assert (document["with_map"], document["covered"]) == (1, 1.0)


def test_prompt_counts_wherever_it_stands_in_the_file(recorded: Recorded) -> None:
    """An older client wrote the first answer before the prompt it answers."""
    document = found(recorded("nested@claude-code/2.1.63"))

    assert (document["subagents"], document["with_context"]) == (1, 1)


def test_map_that_the_client_did_not_write_down_is_told_by_its_receipt(
    recorded: Recorded,
) -> None:
    """Older clients keep silent about what a hook adds at the start."""
    document = found(recorded("skill@claude-code/2.1.63"))

    assert (document["subagents"], document["with_map"]) == (1, 1)


@pytest.mark.parametrize(
    ("session", "given"), [("injected", "with_context"), ("mapped", "with_map")]
)
def test_subagents_of_codex_are_covered(session: str, given: str, recorded: Recorded) -> None:
    """The prompt as the hooks left it, and what they add at the start, stand in its thread."""
    document = found(recorded(f"{session}@codex/0.169.0"))

    assert (document["subagents"], document[given], document["covered"]) == (1, 1, 1.0)


def test_subagent_of_codex_without_the_hook_is_found(recorded: Recorded) -> None:
    """Also beside one of another client that had it at the same time."""
    document = found(recorded("injected", "bare@codex/0.169.0"))

    (one,) = document["without"]
    assert (one["agent"], one["type"], one["reason"]) == ("codex", "default", "not_installed")


def test_denied_spawn_is_no_subagent(recorded: Recorded) -> None:
    """The caller was given the context instead, so nothing is missing."""
    document = found(recorded("denied"))

    assert (document["denied"], document["subagents"], document["covered"]) == (1, 0, None)


def test_share_covered_leaves_out_what_is_exempt(recorded: Recorded) -> None:
    """What is not to be covered is no gap."""
    document = found(recorded("injected", "bare", "exempt"))

    assert document["subagents"] == 3
    assert document["covered"] == 0.5


def test_receipt_of_one_subagent_does_not_explain_another(recorded: Recorded) -> None:
    """A context given elsewhere at the same time is not the one that is missing here."""
    tops = recorded("bare", "injected")

    document = found(tops)

    assert [one["reason"] for one in document["without"]] == ["not_installed"]


def test_second_receipt_of_one_spawn_does_not_explain_another(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hook runs twice for a spawn; the other subagent began within the same seconds."""
    monkeypatch.setattr(reasons, "_SLACK_MS", 10_000)

    document = found(recorded("bare", "injected"))

    assert [one["reason"] for one in document["without"]] == ["unexplained"]


def test_link_explains_a_subagent_whatever_else_is_told(recorded: Recorded, home: str) -> None:
    """A receipt of its call, days later and of another type by the clock and by name."""
    tops = recorded("bare")
    (subagent,) = transcripts.read(tops, 0).subagents
    os.makedirs(home)
    for link in subagent.links:
        receipt = Receipt("claude-code")
        receipt.event, receipt.type, receipt.outcome = "PreToolUse", "renamed", "empty"
        receipt.link = link
        receipts.write(home, receipt)

    assert [one["reason"] for one in found(tops)["without"]] == ["nothing_to_say"]


def test_link_keeps_a_receipt_from_explaining_another(
    recorded: Recorded, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though place, type and time would fit."""
    tops = recorded("unknown")
    (file,) = Path(home, "receipts").iterdir()
    of_call = receipts.read(str(file))[0][1]
    file.unlink()
    monkeypatch.setattr(receipts, "MINUTE", file.name)
    receipt = Receipt(of_call["agent"])
    receipt.at, receipt.event, receipt.type = int(of_call["at"]), "PreToolUse", of_call["type"]
    receipt.outcome, receipt.root, receipt.link = "unknown", of_call["root"], "0" * 16
    receipts.write(home, receipt)

    assert [one["reason"] for one in found(tops)["without"]] == ["unexplained"]


def test_block_that_a_tool_printed_is_no_context(recorded: Recorded) -> None:
    """A subagent may well run ``rtkq plan`` itself."""
    tops = recorded("bare")
    (subagent,) = Path(tops.claude_code).rglob("agent-*.jsonl")
    block = '<rtkq-context project=\\"shop\\">\\nshop/a.py\\n</rtkq-context>'
    result = '{"type":"tool_result","tool_use_id":"x","content":"' + block + '"}'
    with subagent.open("a") as file:
        file.write('{"type":"user","message":{"content":[' + result + "]}}\n")

    assert found(tops)["with_context"] == 0


def test_without_receipts_the_client_tells_as_much_as_it_noted(
    recorded: Recorded, home: str
) -> None:
    """They are cleared away some day; errors and rivals are noted by the client itself."""
    tops = recorded("failed", "rewritten", "exempt")
    shutil.rmtree(f"{home}/receipts")

    reasons = {one["reason"] for one in found(tops)["without"]}

    assert reasons == {"failed", "rewritten", "exempt"}


def test_what_was_asked_for_is_never_shown(recorded: Recorded) -> None:
    """Only counts, types, projects and times leave the transcripts."""
    document = found(recorded("bare", "rewritten", "injected", "skill"))

    shown = json.dumps(document) + discover.text(document)

    assert "refreshed" not in shown
    assert "probe" not in shown


def test_text_tells_reason_project_and_type(recorded: Recorded) -> None:
    """The same as the document, for reading."""
    text = discover.text(found(recorded("unknown")))

    (line,) = [line for line in text.splitlines() if "/home/dev/shop" in line]
    assert line.split()[:3] == ["1", "no_memory", "general-purpose"]


def test_older_sessions_are_left_out(recorded: Recorded) -> None:
    """By the time a subagent began, even where its file was touched since."""
    tops = recorded("bare", "workflow")
    settings = config.load()
    all_of_it = transcripts.read(tops, 0)
    middle_ms = all_of_it.subagents[-1].began_ms

    document = discover.discover(settings, tops, since_ms=middle_ms)

    assert document["subagents"] == 1


def test_torn_lines_and_unknown_records_cost_nothing_but_themselves(recorded: Recorded) -> None:
    """A client that is killed leaves half a line, and a newer one writes what nobody knows."""
    tops = recorded("injected")
    (subagent,) = Path(tops.claude_code).rglob("agent-*.jsonl")
    prompt, *rest = subagent.read_bytes().splitlines()
    strange = [
        b'{"type":"user","message":7,"attachment":[],"timestamp":"soon"}',
        b'{"type":"assistant","message":{"content":[null,{"type":"tool_use","id":4}]}}',
        b'{"type":"attachment","attachment":{"type":"hook_new","command":["rtkq"]}}',
        b'["user"]',
        b'{"type":"user","mess',
        b"\xff\xfe tool_use",
    ]
    subagent.write_bytes(b"\n".join([prompt, *strange, *rest, b'{"type":"user","message":{"con']))

    document = found(tops)

    assert document["with_context"] == 1
    assert document["unreadable_lines"] == 4


def test_line_that_is_too_long_is_skipped(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded whatever a tool printed into a transcript."""
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 8192)
    tops = recorded("injected")
    (subagent,) = Path(tops.claude_code).rglob("agent-*.jsonl")
    huge = b'{"type":"user","message":{"content":"' + b"x" * 100_000 + b'"}}\n'
    subagent.write_bytes(huge + subagent.read_bytes())

    document = found(tops)

    assert (document["with_context"], document["unreadable_lines"]) == (1, 1)


def test_reading_can_be_switched_off(recorded: Recorded) -> None:
    """Then no transcript is opened, and the command says so."""
    tops = recorded("injected")

    with pytest.raises(ProjectError, match=r"transcripts\.read"):
        found(tops, RTKQ_TRANSCRIPTS_READ="false")


def test_without_transcripts_there_is_nothing_to_tell(tmp_path: Path, home: str) -> None:
    """A machine without the client is no error."""
    document = found(Folders(f"{tmp_path}/nowhere", f"{tmp_path}/neither"))

    assert (document["subagents"], document["covered"]) == (0, None)


def test_folders_of_the_transcripts_are_the_clients() -> None:
    """They keep them beside their settings."""
    at_home = Folders("/home/dev/.claude/projects", "/home/dev/.codex/sessions")
    moved = Folders("/etc/c/projects", "/etc/x/sessions")

    assert transcripts.folders({"HOME": "/home/dev"}) == at_home
    assert transcripts.folders({"CLAUDE_CONFIG_DIR": "/etc/c", "CODEX_HOME": "/etc/x"}) == moved
