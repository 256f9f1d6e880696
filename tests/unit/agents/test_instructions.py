"""The text for an agent's file of instructions comes and goes without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtkq.agents import instructions

from .conftest import User


@pytest.mark.parametrize(
    ("agent", "scope", "name"),
    [
        ("claude-code", "user", ".claude/CLAUDE.md"),
        ("codex", "user", ".codex/AGENTS.md"),
        ("gemini", "project", "GEMINI.md"),
        ("claude-code", "project", "CLAUDE.md"),
    ],
    ids=str,
)
def test_each_agent_has_its_file(user: User, agent: str, scope: str, name: str) -> None:
    """For the user in its own folder, for a project at the root."""
    folder = user.home if scope == "user" else user.root

    assert instructions.file(agent, scope, user.root) == folder / name


def test_file_that_held_nothing_else_goes_with_the_text(user: User) -> None:
    """Nothing is left behind."""
    file = user.root / "CLAUDE.md"

    instructions.add("claude-code", "project", file)
    assert file.read_text() == f"{instructions.TEXT}\n"
    instructions.remove("claude-code", "project", file)

    assert not file.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8"), min_size=1), is_twice=st.booleans())
def test_text_that_comes_and_goes_leaves_the_file_as_it_was(
    user: User, text: str, is_twice: bool
) -> None:
    """Whatever it ends with, and however often it was added."""
    file = Path(user.root, "AGENTS.md")
    file.write_bytes(text.encode())

    instructions.add("codex", "project", file)
    if is_twice:
        assert not instructions.add("codex", "project", file).changed
    assert file.read_bytes().startswith(text.encode())
    instructions.remove("codex", "project", file)

    assert file.read_bytes() == text.encode()


def test_what_somebody_wrote_behind_it_stays(user: User) -> None:
    """Files of instructions are edited by hand."""
    file = user.root / "AGENTS.md"
    file.write_text("# Rules\n")
    instructions.add("codex", "project", file)
    file.write_text(f"{file.read_text()}\nMore rules\n")

    instructions.remove("codex", "project", file)

    assert file.read_text() == "# Rules\n\nMore rules\n"
