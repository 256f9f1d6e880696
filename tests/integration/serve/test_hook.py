"""The hook over HTTP answers what the hook's process prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rtkq import receipts
from rtkq.paths import receipts_folder
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon


def spawn(cwd: str, prompt: str, kind: str = "general-purpose") -> dict[str, Any]:
    """Return the document of a client that spawns a subagent."""
    return {
        "session_id": "s1",
        "prompt_id": "p1",
        "cwd": cwd,
        "hook_event_name": "PreToolUse",
        "tool_name": "Agent",
        "tool_input": {"description": "d", "prompt": prompt, "subagent_type": kind},
    }


def test_answer_is_what_the_process_prints(daemon: Daemon, project: Checkout) -> None:
    """Byte for byte, for a prompt that JSON can spell in several ways."""
    document = json.dumps(spawn(project.root, "refresh the session \u0000 \ud800 тест"))
    command = [sys.executable, "-m", "rtkq.cli", "hook", "claude-code"]

    answer = daemon.ask("POST", "/v1/hook/claude-code", document.encode())

    printed = subprocess.run(command, input=document.encode(), capture_output=True, check=True)
    assert answer.status == 200
    assert answer.body == printed.stdout
    assert b"src/session.py" in answer.body


def test_nothing_to_say_is_an_empty_object(daemon: Daemon, project: Checkout) -> None:
    """Which every client takes for silence."""
    for body in (b"", b"{", b"\xff\xfe", b"[]", json.dumps({"cwd": project.root}).encode()):
        answer = daemon.ask("POST", "/v1/hook/claude-code", body)

        assert (answer.status, answer.json) == (200, {})
    assert daemon.ask("POST", "/v1/hook/nobody", b"{}").json == {}


def test_calls_leave_receipts_like_those_of_processes(
    daemon: Daemon, project: Checkout, home: str
) -> None:
    """One a call, so that metrics count both ways of asking alike."""
    for number in range(3):
        daemon.post("/v1/hook/claude-code", **spawn(project.root, f"session {number}"))

    files = sorted(Path(receipts_folder(home)).glob("*.log"))
    found = [one for file in files for one in receipts.read(str(file))[0]]
    assert [one["outcome"] for one in found] == ["injected"] * 3
    assert {one["root"] for one in found} == {project.root}
