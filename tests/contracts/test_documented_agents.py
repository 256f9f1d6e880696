"""The reference names the files and entries of each agent as `rtkq init` writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rtkq.agents import AGENTS, Scope, State
from rtkq.agents.agent import Site
from rtkq.agents.form import Call
from rtkq.agents.hook_document import HookDocument

PAGE = "docs/reference/agents.md"
SITE = Site(Path("/home/you"), Path("/project"), {})


def place(agent: str, scope: Scope) -> str:
    """Return a settings file as the page writes it."""
    file = AGENTS[agent].file(scope, SITE)
    return str(file).replace("/home/you/", "~/").replace("/project/", "") if file else ""


def test_each_agent_has_its_row(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """Somebody looks there before letting a program change settings."""
    told = {row[1].strip("`"): row for row in table(page(PAGE).text.partition("\n## ")[0])}

    assert list(told) == list(AGENTS)
    for name, (title, _, *files, _, basis) in told.items():
        assert title == AGENTS[name].title
        assert [file.strip("`") for file in files] == [place(name, scope) for scope in Scope]
        assert (basis == "observed") is AGENTS[name].is_observed


def test_entries_are_those_that_are_written(
    page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """In the spelling of the agent."""
    for _, (name,), *_, entries, _ in rows(page(PAGE).text.partition("\n## ")[0]):
        form = AGENTS[name].form
        written = list(form.entries(Call("", 1))) if isinstance(form, HookDocument) else []

        assert entries == written


def test_each_state_is_explained(page: Callable[[str], Any], rows: Callable[[str], Any]) -> None:
    """They are what `rtkq init --show` prints."""
    told = [state for ((state, *_), *_) in rows(page(PAGE).sections()["States"])]

    assert told == list(State)


def test_variables_that_move_folders_are_named(page: Callable[[str], Any]) -> None:
    """All of them, and no other."""
    moved = {agent.variable for agent in AGENTS.values()} - {""}

    named = {one for one in page(PAGE).inline_code() if one.isupper() and "_" in one}

    assert named == moved
