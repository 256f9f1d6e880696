"""What a context names for a task, asked of memories that were really built."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from rtkq import recall, store
from rtkq.recall.rank import FULL, WEIGHTS
from rtkq_workers import barrier
from tests.conftest import Checkout

Ask = Callable[..., recall.Context]


@pytest.fixture
def ask(home: str, checkout: Checkout) -> Ask:
    """Return a function that builds the memory of the checkout and asks it."""

    def context(task: str, budget_tokens: int = 2000) -> recall.Context:
        store.register(home, checkout.root)
        barrier.refresh(home, checkout.root, is_full=False, progress=lambda _done, _total: None)
        memory = recall.open_memory(home, checkout.root)
        assert memory is not None
        try:
            return recall.context(memory, task, budget_tokens=budget_tokens)
        finally:
            memory.close()

    return context


@pytest.fixture
def shop(checkout: Checkout) -> Checkout:
    """A shop with tests, documents and files to build it."""
    checkout.write("src/cart.py", "def total(discount):\n    return discount\n")
    checkout.write("src/mail.py", "def send(letter):\n    return letter\n")
    checkout.write("tests/test_cart.py", "from src import cart\n\ndef test_discount(): ...\n")
    checkout.write("README.md", "# Shop\n\nThe discount of a cart is counted once.\n")
    checkout.write("Dockerfile", "FROM python\nRUN pip install shop\n")
    checkout.write("pyproject.toml", '[project]\nname = "shop"\ndependencies = ["mailer"]\n')
    return checkout


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("task", "first"),
    [
        ("Count the discount of a cart once", "src/cart.py"),
        ("Tests of the discount hang", "tests/test_cart.py"),
        ("Тесты корзины зависают", "tests/test_cart.py"),
        ("Document the discount in the readme", "README.md"),
        ("Dockerfile: install shop from a wheel", "Dockerfile"),
        ("Bump the dependency mailer", "pyproject.toml"),
    ],
)
def test_kind_of_file_a_task_is_about_comes_first(ask: Ask, task: str, first: str) -> None:
    """Sources, unless the task begins with tests, documents or what a project is built with."""
    assert ask(task).paths[0] == first


def test_tests_are_told_below_what_they_cover(ask: Ask, shop: Checkout) -> None:
    """Those that match the task first, in their order, then those named after the file."""
    for name in ("all", "cart_tax", "discount"):
        shop.write(
            f"tests/test_{name}.py", f"import src.cart\nimport src.mail\n\ndef {name}(): ...\n"
        )

    lines = ask("Count the discount of a cart once").text.splitlines()

    assert "  tested by tests/test_discount.py, tests/test_cart.py" in lines


def test_test_that_is_gone_is_not_told(ask: Ask, shop: Checkout) -> None:
    """The memory may be older than the disk; a path that leads nowhere misleads."""
    task = "Count the discount of a cart once"
    assert "tested by" in ask(task).text
    os.unlink(os.path.join(shop.root, "tests/test_cart.py"))

    memory = recall.open_memory(os.environ["RTKQ_HOME"], shop.root)

    assert memory is not None
    assert "tested by" not in recall.context(memory, task, budget_tokens=2000).text
    memory.close()


def test_file_that_everything_tests_is_told_only_matching_tests(ask: Ask, shop: Checkout) -> None:
    """Which of many come first would be chance, and differ between two builds."""
    for number in range(40):
        shop.write(f"tests/test_{number}.py", "import src.mail\n")

    text = ask("Send each letter").text

    assert "src/mail.py" in text
    assert "tested by" not in text


def test_large_budget_names_what_matches_nothing(ask: Ask, checkout: Checkout) -> None:
    """Below the best files as well: where there is room, more budget names more."""
    for number in range(12):
        text = f"def refund_{number}():\n    return 'money'\n\ndef other_{number}():\n    pass\n"
        checkout.write(f"src/m{number:02}.py", text)

    small = ask("refund the money", 2000).text
    large = ask("refund the money", 4000).text

    assert sum(f"other_{number}:" in small for number in range(12)) < 12
    assert all(f"other_{number}:" in large for number in range(12))


def test_name_that_many_files_define_leads_less(ask: Ask, checkout: Checkout) -> None:
    """One of five definers is the right one in one case of five, though none scores higher."""
    for number in range(5):
        checkout.write(f"src/m{number}.py", "def closeBundle():\n    pass\n")
    checkout.write("src/one.py", "def openBundle():\n    pass\n")

    shared = ask("closeBundle fails").files[0].shares["definers"]
    single = ask("openBundle fails").files[0].shares["definers"]

    assert single >= 0.999 * FULL * WEIGHTS["definers"] / 1000
    assert shared < single / 2


def test_field_comes_after_functions_unless_the_task_names_it(ask: Ask, checkout: Checkout) -> None:
    """What a type holds is worth a name and a line where functions leave room for it."""
    fields = "".join(f"    limit_{n} = {n}\n" for n in range(200))
    checkout.write("store.py", f"class Store:\n{fields}\ndef purge(store):\n    return store\n")

    plain = ask("The store must be purged", budget_tokens=500).text
    named = ask("The store must heed `limit_199`", budget_tokens=500).text

    assert "purge" in plain
    assert "limit_199" not in plain
    assert "limit_0" in plain
    assert "field Store.limit_199" in named
