"""The documentation as data, for tests that hold it to the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


class Page:
    """One page of the documentation."""

    def __init__(self, path: str) -> None:
        self.path = ROOT / path
        self.text = self.path.read_text(encoding="utf-8")

    def sections(self) -> dict[str, str]:
        """Return the text below each heading of the second level, by heading."""
        _, *parts = _HEADING.split(self.text)
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def blocks(self, language: str) -> list[str]:
        """Return the fenced blocks of a *language*, in order."""
        return [text for kind, text in _BLOCK.findall(self.text) if kind == language]

    def inline_code(self) -> list[str]:
        """Return what stands in backquotes outside of blocks."""
        return _CODE.findall(_BLOCK.sub("", self.text))


def _table(text: str) -> list[list[str]]:
    """Return the cells of all tables in *text*, row by row, without headings."""
    lines = text.split("\n")
    kept = [
        line
        for line, below in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("|") and not line.startswith("|--") and not below.startswith("|--")
    ]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in kept]


@pytest.fixture
def page() -> Callable[[str], Page]:
    """Return a page of the documentation, by its path in the repository."""
    return Page


@pytest.fixture
def table() -> Callable[[str], list[list[str]]]:
    """Return the cells of the tables in a text, row by row, without headings."""
    return _table


@pytest.fixture
def rows() -> Callable[[str], list[list[list[str]]]]:
    """Return the rows of the tables in a text; of each cell, what stands in backquotes."""
    return lambda text: [[_CODE.findall(cell) for cell in row] for row in _table(text)]
