"""`explore` shows the layers of a question's kind, and `delta` what changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from rtkq import recall, store
from rtkq.recall import layers
from rtkq.recall.explore import explore
from rtkq_workers import barrier
from tests.conftest import Checkout

Rows = Callable[[str], dict[str, list[Any]]]
Done = subprocess.CompletedProcess[str]


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def rtkq(*words: str) -> Done:
    command = [sys.executable, "-m", "rtkq.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def shop(home: str, checkout: Checkout) -> Checkout:
    """A checkout with manifests, types and a program, and a memory of it."""
    checkout.write(
        "shop/orders.py",
        "import shop.base\n\nclass Order(Base):\n    def total(self) -> int:\n        return 1\n"
        "    def _hidden(self):\n        pass\n\ndef place(order, urgent=False):\n    pass\n"
        "\ndef _inner():\n    pass\n\nOrders = Order\n",
    )
    checkout.write("cmd/shopd/main.go", "package main\n\nfunc main() {}\n")
    checkout.write("package.json", '{"bin": {"shop": "cli.js"}, "dependencies": {"vue": "^3"}}')
    checkout.write("docs/package.json", '{"dependencies": {"vitepress": "1"}}')
    checkout.commit("Sell things")
    checkout.write("shop/orders.py", checkout.read("shop/orders.py") + "\n")
    checkout.commit("Again")
    refresh(home, checkout.root)
    return checkout


def layers_of(home: str, root: str, kind: str = "general", **wishes: Any) -> dict[str, str]:
    memory = recall.open_memory(home, root)
    assert memory is not None
    return explore(memory, kind, wishes.pop("detail", "normal"), **wishes)


def test_layers_tell_the_project(home: str, shop: Checkout) -> None:
    """Entry points and hot files, public names, types, signatures, dependencies, commits."""
    found = layers_of(home, shop.root)

    assert list(found) == list(layers.NAMES)
    assert "  cmd/shopd/main.go: main :3" in found["project_map"]
    assert "  package.json: shop → cli.js" in found["project_map"]
    assert "hot files\n  shop/orders.py" in found["project_map"]
    assert "shop/orders.py: Order, place, Orders" in found["module_index"]
    assert "  class Order extends Base contains total" in found["type_graph"]
    assert "  type Orders alias Order" in found["type_graph"]
    assert "  :9 def place(order, urgent=False)" in found["api_surface"]
    assert "  :4 Order.total def total(self) -> int" in found["api_surface"]
    assert "_inner" not in found["api_surface"]
    assert found["dep_manifest"].splitlines()[:2] == [
        "package.json: runtime: vue ^3",
        "docs/package.json: runtime: vitepress 1",
    ]
    assert shop.git("rev-parse", "HEAD")[:10] + " shop/orders.py" in found["change_digest"]


@pytest.mark.parametrize("kind", layers.ROUTES)
def test_kind_of_question_routes_to_its_layers(home: str, shop: Checkout, kind: str) -> None:
    """The routing table of the contract."""
    table = {
        "general": "0123456",
        "bugfix": "1356",
        "feature": "012345",
        "refactor": "1235",
        "incident": "346",
    }

    found = layers_of(home, shop.root, kind)

    assert list(found) == [layers.NAMES[int(number)] for number in table[kind]]


def test_detail_and_budget_bound_the_text(home: str, shop: Checkout) -> None:
    """Whole lines, and never more than was asked for."""
    for number in range(300):
        shop.write(f"many/m{number}.py", f"def f{number}():\n    pass\n")
    refresh(home, shop.root)

    compact = layers_of(home, shop.root, detail="compact")
    verbose = layers_of(home, shop.root, detail="verbose")
    bounded = layers_of(home, shop.root, detail="verbose", budget_tokens=400)

    assert len(compact["module_index"].splitlines()) == layers.LINES["compact"]
    assert len(verbose["module_index"].splitlines()) > 300
    assert sum(len(text) for text in bounded.values()) <= 400 * 4
    assert set(bounded["module_index"].splitlines()) < set(verbose["module_index"].splitlines())


def test_names_that_pass_for_something_else_are_left_out(home: str, checkout: Checkout) -> None:
    """Control characters and our own marker in a name."""
    checkout.write("src/a\n<rtkq-context b.py", "def run():\n    pass\n")
    refresh(home, checkout.root)

    found = "\n".join(layers_of(home, checkout.root).values())

    assert "src/session.py" in found
    assert "context b.py" not in found


def test_layers_changed_in_place_equal_those_from_nothing(
    home: str, shop: Checkout, rows_of: Rows, rows_from_nothing: Rows
) -> None:
    """Manifests, types and programs come, change and go as if they had always been so."""
    edits: list[Callable[[], object]] = [
        lambda: shop.write("shop/orders.py", "class Order:\n    pass\n"),
        lambda: shop.write("package.json", '{"dependencies": {"vue": "^4", "pinia": "2"}}'),
        lambda: shop.write("package.json", "{"),
        lambda: os.unlink(f"{shop.root}/docs/package.json"),
        lambda: os.rename(f"{shop.root}/shop/orders.py", f"{shop.root}/tests/orders.py"),
        lambda: shop.commit("Move orders"),
    ]
    for edit in edits:
        edit()
        refresh(home, shop.root)

        assert rows_of(shop.root) == rows_from_nothing(shop.root)


def test_explore_json_is_what_the_contract_says(home: str, shop: Checkout) -> None:
    """Every field of the contract, and the delta seen on the disk right now."""
    size = sum(os.stat(f"{shop.root}/{path}").st_size for path in shop.files())
    shop.write("shop/new.py", "def fresh():\n    pass\n")

    told = rtkq("explore", shop.root, "--query-type", "incident", "--format", "json")
    document = json.loads(told.stdout)

    assert told.returncode == 0
    assert (document["command"], document["project"]) == ("explore", shop.root)
    assert document["state"] == "dirty"
    assert document["generation"] > 0
    assert document["graph"] == {"nodes": 9, "edges": 1}
    assert document["stats"] == {
        "files": 9,
        "bytes": size,
        "reused": 0,
        "rebuilt": 9,
    }
    assert document["delta"] == {
        "added": 1,
        "modified": 0,
        "removed": 0,
        "files": [{"path": "shop/new.py", "change": "added"}],
    }
    assert list(document["context"]) == ["api_surface", "dep_manifest", "change_digest"]


def test_strict_refuses_a_memory_that_is_behind(home: str, shop: Checkout) -> None:
    """Fresh is what the disk says, whether anybody watched or not."""
    fresh = rtkq("explore", "--strict", shop.root)
    shop.write("shop/orders.py", "")
    behind = rtkq("explore", "--strict", shop.root)

    assert fresh.returncode == 0
    assert (behind.returncode, behind.stdout) == (1, "")
    assert "dirty" in behind.stderr


def test_task_chooses_the_layers(home: str, shop: Checkout) -> None:
    """Without a query type the words of a task tell it."""
    told = rtkq("explore", shop.root, "--task", "Исправить падение корзины")

    assert "bugfix" in told.stdout.splitlines()[0]
    assert "api_surface" in told.stdout
    assert "dep_manifest" not in told.stdout


def test_delta_lists_what_the_memory_does_not_know(home: str, shop: Checkout) -> None:
    """Added, modified and removed; what was only touched is the same."""
    shop.write("web/new.ts", "export const a = 1\n")
    shop.write("shop/orders.py", "class Order:\n    pass\n")
    os.unlink(f"{shop.root}/src/cache.py")
    os.utime(f"{shop.root}/src/session.py")

    told = rtkq("delta", shop.root)

    assert told.stdout.splitlines() == ["M shop/orders.py", "D src/cache.py", "A web/new.ts"]


def test_delta_since_a_revision_is_what_git_says(home: str, shop: Checkout) -> None:
    """Committed, uncommitted and untracked changes alike, without a memory."""
    os.unlink(f"{shop.root}/src/cache.py")
    shop.write("src/naïve name.py", "")

    told = rtkq("delta", shop.root, "--since", "HEAD~1", "--format", "json")
    refused = [rtkq("delta", shop.root, "--since", name) for name in ("nowhere", "--output=x")]

    assert json.loads(told.stdout) == {
        "command": "delta",
        "project": shop.root,
        "since": "HEAD~1",
        "added": 1,
        "modified": 1,
        "removed": 1,
        "files": [
            {"path": "shop/orders.py", "change": "modified"},
            {"path": "src/cache.py", "change": "removed"},
            {"path": "src/naïve name.py", "change": "added"},
        ],
    }
    assert [done.returncode for done in refused] == [1, 1]


def test_delta_runs_no_filter_of_the_checkout(home: str, shop: Checkout) -> None:
    """A checkout's configuration names programs; comparing runs none of them."""
    shop.write(".gitattributes", "*.py filter=evil diff=evil\n")
    trap = f"{shop.root}/../sprung"
    for key in ("filter.evil.clean", "filter.evil.process", "diff.evil.command"):
        shop.git("config", key, f"touch {trap}; cat")
    shop.git("config", "core.fsmonitor", f"touch {trap}")
    shop.write("shop/orders.py", "class Order:\n    pass\n")

    told = rtkq("delta", shop.root, "--since", "HEAD")

    assert "M shop/orders.py" in told.stdout
    assert not os.path.exists(trap)


def test_delta_without_a_memory_says_how_to_get_one(home: str, checkout: Checkout) -> None:
    """There is nothing to compare the disk with."""
    told = rtkq("delta", checkout.root)

    assert told.returncode == 1
    assert "rtkq refresh" in told.stderr
