"""What rtkq leaves on the disk, and what its hook writes down, is documented whole."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq import paths, receipts
from rtkq_hooks import calls, main

_PATIENCE_S = 20.0
_WRITTEN_BESIDE = re.compile(r"-(wal|shm)$")


def spawn(root: str, home: str, event: str = "PreToolUse") -> None:
    """Tell the staged hook of a spawn at *root*."""
    document = {
        "hook_event_name": event,
        "session_id": "session",
        "tool_name": "Agent",
        "cwd": root,
        "tool_input": {"description": "", "prompt": "refresh the session"},
    }
    command = [f"{paths.hook_folder(home)}/rtkq-hook", "claude-code"]
    subprocess.run(command, input=json.dumps(document), text=True, check=True, capture_output=True)


@pytest.fixture
def used_home(home: str, checkout: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home after a life: built, watched, changed, asked."""
    monkeypatch.setenv("RTKQ_HOOK_DEADLINE_MS", "20000")  # a busy machine is no reason to fail
    rtkq = [sys.executable, "-m", "rtkq.cli"]
    subprocess.run([*rtkq, "refresh", "--quiet", checkout.root], check=True)
    with subprocess.Popen([*rtkq, "up", "--quiet"]) as up:
        deadline = time.monotonic() + _PATIENCE_S
        while not Path(paths.heartbeat_file(home, "worker")).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        checkout.write("src/mail.py", "def send(): ...\n")
        subprocess.run([*rtkq, "sync", "--quiet", checkout.root], check=True)
        spawn(checkout.root, home)
        up.terminate()
    return Path(home)


def test_every_file_of_a_home_is_documented(
    used_home: Path, page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """Somebody who finds a file there can look up what it is, and whether it may go."""
    documented = [path for ((path, *_), *_) in rows(page("docs/reference/files.md").text)]
    patterns = [re.sub(r"<\w+>", "[^/]+", path.replace(".", r"\.")) for path in documented]

    files = {
        _WRITTEN_BESIDE.sub("", file.relative_to(used_home).as_posix())
        for file in used_home.rglob("*")
        if not file.is_dir() or file.is_symlink()
    }

    assert len(files) > 15
    assert {one for one in files if not any(re.fullmatch(p, one) for p in patterns)} == set()


def test_every_part_of_a_receipt_is_documented(
    used_home: Path, page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """Receipts are read by other programs as well."""
    section = rows(page("docs/reference/hook.md").sections()["Receipts"])
    (file,) = Path(paths.receipts_folder(str(used_home))).glob("*.log")
    ((receipt,), _) = receipts.read(str(file))

    documented = {key for keys, *_ in section for key in keys}

    assert receipt["outcome"] == "injected"
    assert {re.sub(r"^path\d$", "path1", key) for key in receipt} <= documented


def test_every_outcome_is_documented(
    page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """And no other, for the outcome tells why a subagent got nothing."""
    section = page("docs/reference/hook.md").sections()["Receipts"]
    outcomes = rows(section[section.index("| outcome |") :])

    given = set().union(*map(outcomes_in, (calls, main, receipts)))

    assert {outcome for ((outcome, *_), *_) in outcomes} == given


def outcomes_in(module: Any) -> set[str]:
    """Return the outcomes that the code of *module* gives to a receipt."""
    assigned = [
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Attribute)
        and node.targets[0].attr == "outcome"
    ]
    values = [one for value in assigned for one in _choices(value) if isinstance(one, ast.Constant)]
    assert len(values) >= len(assigned)
    return {str(one.value) for one in values}


def _choices(value: ast.expr) -> list[ast.expr]:
    return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
