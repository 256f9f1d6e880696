"""Documents that real clients sent get the right answer, by event and type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtkq_hooks.main import run

RECORDED = Path(__file__).parents[2] / "fixtures" / "claude-code"
DOCUMENTS = sorted(
    file for file in RECORDED.rglob("*.json") if "hook_event_name" in file.read_text()
)
EXEMPT = ("fork", "statusline-setup")


def recorded(file: Path, root: Path) -> bytes:
    """Return a document as if it had been sent from the project at *root*."""
    return file.read_text().replace("@ROOT@/proj", str(root)).encode()


def expected(document: dict[str, Any]) -> str:
    """Return what kind of answer a document deserves."""
    event = document["hook_event_name"]
    if event == "PreToolUse" and document["tool_name"] in ("Agent", "Task"):
        is_exempt = document["tool_input"].get("subagent_type") in EXEMPT
        return "nothing" if is_exempt else "rewritten"
    if event == "SubagentStart":
        is_exempt = document["agent_type"] in EXEMPT or not Path(document["cwd"]).exists()
        return "nothing" if is_exempt else "added"
    return "nothing"


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_recorded_document_gets_the_answer_of_its_event(staged, file: Path) -> None:
    """Every spawn is given the context, every start the map, anything else nothing."""
    sent = recorded(file, staged.root)
    document = json.loads(sent)

    printed = run("claude-code", sent, staged.settings())

    kind = expected(document)
    if kind == "nothing":
        assert printed == b""
        return
    answer = json.loads(printed)["hookSpecificOutput"]
    assert answer.pop("hookEventName") == document["hook_event_name"]
    if kind == "rewritten":
        context, prompt = split(answer.pop("updatedInput"), document["tool_input"])
        assert prompt == document["tool_input"]["prompt"]
    else:
        context = answer.pop("additionalContext")
        assert len(context) < 10_000
    assert context.startswith('<rtkq-context project="shop"')
    assert answer == {}


def split(updated: dict[str, Any], original: dict[str, Any]) -> tuple[str, str]:
    """Return context and prompt of a rewritten input; the rest must be as it was."""
    assert {**updated, "prompt": ""} == {**original, "prompt": ""}
    assert list(updated) == list(original)
    context, end, prompt = updated["prompt"].partition("</rtkq-context>\n\n")
    return context + end, prompt


def test_every_supported_version_is_recorded() -> None:
    """The promise covers real documents from the first version that is supported on."""
    assert {"2.1.63", "2.1.330"} <= {file.parent.name for file in DOCUMENTS}
