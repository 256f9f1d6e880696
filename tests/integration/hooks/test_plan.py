"""What ``rtkq plan`` shows is what the hook injects, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TASKS = [
    pytest.param("Find cart_total and its tests", id="English"),
    pytest.param("Почему корзина теряет сессию?\n\nСм. src/cart.py", id="Russian"),
    pytest.param("the cart 😀 “naïve”\r\n\tand `SessionStore`\\n\u2028x", id="awkward characters"),
    pytest.param("и " * 3_000 + "cart_total", id="longer in bytes than in characters"),
    pytest.param("и\n" * 3_000 + "cart_total", id="long and full of escapes"),
    pytest.param("cart_total " + "и " * 5_000 + "session", id="longer than what is ranked"),
]


def planned(staged, *words: str) -> bytes:
    """Return what ``rtkq plan`` prints."""
    variables = {"RTKQ_HOME": str(staged.home), "RTKQ_CONFIG": str(staged.home / "none.toml")}
    command = [sys.executable, "-m", "rtkq.cli", "plan", *words, str(staged.root)]
    done = subprocess.run(command, capture_output=True, env=os.environ | variables, check=True)
    return done.stdout


def injected(staged, task: str, *, is_ascii: bool) -> bytes:
    """Return what the hook puts in front of a prompt, or nothing."""
    document = json.dumps(staged.spawn(task), ensure_ascii=is_ascii).encode()
    answer = staged.call(document)
    if not answer.printed:
        return b""
    prompt = answer.output["updatedInput"]["prompt"]
    return prompt.removesuffix(task).encode()


@pytest.mark.parametrize("is_ascii", [False, True], ids=["UTF-8", "escaped"])
@pytest.mark.parametrize("task", TASKS)
def test_plan_shows_what_the_hook_injects(
    staged, tmp_path: Path, task: str, is_ascii: bool
) -> None:
    """However the client spells the prompt, and however the task is given."""
    file = tmp_path / "task.md"
    file.write_text(task, encoding="utf-8", newline="")

    by_hook = injected(staged, task, is_ascii=is_ascii)

    assert planned(staged, "--task-file", str(file)).strip(b"\n") == by_hook.strip(b"\n")
    assert planned(staged, task).strip(b"\n") == by_hook.strip(b"\n")


def test_the_tasks_above_have_something_to_show(staged) -> None:
    """Two empty answers would be equal as well."""
    assert b"src/cart.py" in injected(staged, "Find cart_total and its tests", is_ascii=False)
    assert b"src/session.py" in injected(staged, "Почему теряется сессия?", is_ascii=True)
