"""Every promise and every fault on the page of guarantees names tests that hold it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
PAGE = "docs/explanation/guarantees.md"
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def is_there(file: str, name: str) -> bool:
    """Return whether there is a test of this *name* in *file*."""
    path = TESTS / file
    return path.exists() and f"\ndef {name}(" in path.read_text()


@pytest.mark.parametrize("heading", ["Promises", "Faults"])
def test_each_row_names_tests_that_are_there(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]], heading: str
) -> None:
    """A promise that nothing holds is a wish."""
    for row in table(page(PAGE).sections()[heading]):
        named = _TEST.findall(row[-1])
        assert named, row[0]
        assert [one for one in named if not is_there(*one)] == [], row[0]


def test_promises_are_numbered(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """From 1 on, without a gap: others refer to the numbers."""
    numbers = [int(row[0]) for row in table(page(PAGE).sections()["Promises"])]

    assert numbers == list(range(1, len(numbers) + 1))


def test_each_test_of_a_fault_is_on_the_page(page: Callable[[str], Any]) -> None:
    """Whoever adds a fault says what becomes of it."""
    named = set(_TEST.findall(page(PAGE).text))
    there = {
        (file.relative_to(TESTS).as_posix(), name)
        for file in (TESTS / "acceptance/faults").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }

    assert there <= named
