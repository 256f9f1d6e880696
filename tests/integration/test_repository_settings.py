"""What a repository asks for in its ``rtkq.toml`` is heeded by everything that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rtkq import config, recall, store
from rtkq.agents import bundle
from rtkq.answers.difference import since_build
from rtkq.answers.plan import plan
from rtkq.recall import CHARS_A_TOKEN, Memory
from rtkq_hooks.main import run
from rtkq_workers import barrier
from rtkq_workers.rebuild import rebuild
from rtkq_workers.watch import flush
from tests.conftest import Checkout, canonical_rows

Rows = Callable[[str], dict[str, list[Any]]]

SPAWN = {
    "hook_event_name": "PreToolUse",
    "session_id": "session",
    "tool_name": "Agent",
    "tool_input": {"description": "", "prompt": "Where does the invoice get its total?"},
}
HANDWRITTEN = "<?php\nfunction invoiceTotal($lines) { return array_sum($lines); }\n"


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def as_the_background_does(home: str, root: str) -> list[str]:
    """Compare as a watcher does, then pay as a worker does; return what was owed."""
    owed = flush.rescan(home, root)
    assert owed is not None
    rebuild(home, root)
    return owed


def opened(home: str, root: str) -> Memory:
    memory = recall.open_memory(home, root)
    assert memory is not None
    return memory


def languages(home: str, root: str) -> dict[str, tuple[str, str]]:
    """Return language and what was skipped, by path."""
    with closing(opened(home, root)) as memory:
        return {
            path: rest for path, *rest in memory.rows("SELECT path, language, skipped FROM file")
        }


def told(home: str, root: str, task: str) -> str:
    with closing(opened(home, root)) as memory:
        return recall.context(memory, task, budget_tokens=8000).text


@pytest.fixture
def shop(home: str, checkout: Checkout) -> Checkout:
    """A project with code under suffixes that rtkq does not know, with a memory."""
    checkout.write("lib/invoice.inc", HANDWRITTEN)
    checkout.write("lib/page.weird", "anything goes\n")
    for number in range(30):
        checkout.write(f"lib/total{number}.py", f"def invoice_total_{number}(): ...\n")
    checkout.commit("shop")
    refresh(home, checkout.root)
    return checkout


def test_suffix_of_the_repository_is_read_in_its_language(
    home: str, shop: Checkout, rows_from_nothing: Rows
) -> None:
    """From the moment on in which the wish is there, and as if it had always been."""
    assert "invoiceTotal" not in told(home, shop.root, "invoiceTotal")
    shop.write("rtkq.toml", '[extract.languages]\ninc = "php"\nweird = "text"\nts = "text"\n')
    as_the_background_does(home, shop.root)

    assert "invoiceTotal" in told(home, shop.root, "invoiceTotal")
    assert languages(home, shop.root)["lib/page.weird"] == ["text", ""]
    assert languages(home, shop.root)["web/login.ts"] == ["text", ""]
    assert canonical_rows(home, shop.root) == rows_from_nothing(shop.root)
    assert since_build(home, shop.root) == []


def test_wish_that_is_gone_is_forgotten(home: str, shop: Checkout, rows_from_nothing: Rows) -> None:
    """The files are as little known as before, though none of them changed."""
    shop.write("rtkq.toml", '[extract.languages]\ninc = "php"\n')
    as_the_background_does(home, shop.root)
    Path(shop.root, "rtkq.toml").unlink()
    as_the_background_does(home, shop.root)

    assert "invoiceTotal" not in told(home, shop.root, "invoiceTotal")
    assert canonical_rows(home, shop.root) == rows_from_nothing(shop.root)


def test_wish_in_a_file_that_git_ignores_is_heeded(home: str, shop: Checkout) -> None:
    """It is no file of the project then, so nothing else tells that it changed."""
    shop.write(".gitignore", "rtkq.toml\n")
    as_the_background_does(home, shop.root)
    shop.write("rtkq.toml", '[extract.languages]\ninc = "php"\n')

    assert as_the_background_does(home, shop.root) == [".git/HEAD"]
    assert "invoiceTotal" in told(home, shop.root, "invoiceTotal")


def test_edit_of_such_a_file_is_paid_in_place(
    home: str, shop: Checkout, rows_from_nothing: Rows
) -> None:
    """The wish holds for what is amended as for what is built."""
    shop.write("rtkq.toml", '[extract.languages]\ninc = "php"\n')
    as_the_background_does(home, shop.root)
    shop.write("lib/invoice.inc", HANDWRITTEN.replace("invoiceTotal", "invoiceRenewed"))

    assert as_the_background_does(home, shop.root) == ["lib/invoice.inc"]
    assert "invoiceRenewed" in told(home, shop.root, "invoiceRenewed")
    assert canonical_rows(home, shop.root) == rows_from_nothing(shop.root)


def test_no_wish_opens_a_file_with_secrets(home: str, shop: Checkout) -> None:
    """What is never read stays unread, whatever language it is said to be."""
    shop.write("server.pem", "hunter2canary = 1\n")
    shop.write("app.min.js", "hunter2canary = 1\n")
    shop.write("rtkq.toml", '[extract.languages]\npem = "text"\njs = "text"\n')
    as_the_background_does(home, shop.root)

    assert "hunter2canary" not in told(home, shop.root, "hunter2canary").partition("\n")[2]


def test_lower_budget_of_the_repository_holds_for_hook_and_plan(home: str, shop: Checkout) -> None:
    """Nobody but the memory tells the hook of it; who asks for another size is given that."""
    task = str(SPAWN["tool_input"]["prompt"])  # type: ignore[index]
    settings = config.load()
    before = plan(settings, shop.root, task)
    shop.write("rtkq.toml", "[hook]\nbudget_tokens = 200\n")
    as_the_background_does(home, shop.root)

    document = json.dumps(SPAWN | {"cwd": shop.root}).encode()
    answer = json.loads(run("claude-code", document, bundle.flat(home, settings)))
    prompt = answer["hookSpecificOutput"]["updatedInput"]["prompt"]
    planned = plan(settings, shop.root, task)
    assert prompt.startswith(planned["text"])
    assert planned["budget_tokens"] == 200
    assert len(planned["text"]) <= 200 * CHARS_A_TOKEN < len(before["text"])
    assert plan(settings, shop.root, task, budget_tokens=2000)["tokens"] > 200


def test_higher_budget_of_the_repository_has_no_effect(home: str, shop: Checkout) -> None:
    """A stranger's code does not decide how much of a prompt it fills."""
    shop.write("rtkq.toml", "[hook]\nbudget_tokens = 100000\n")
    as_the_background_does(home, shop.root)

    assert plan(config.load(), shop.root, "invoice total")["budget_tokens"] == 2000
