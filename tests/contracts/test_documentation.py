"""What pages say about the code that a test can look up, and that their links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq.recall.rank import WEIGHTS

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)")


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(file: Path) -> None:
    """To a page that is there, and to a heading on it."""
    for path, anchor in _LINK.findall(file.read_text()):
        target = file.parent / path if path else file
        assert target.exists(), path
        assert not anchor or anchor[1:] in anchors(target), path + anchor


def anchors(file: Path) -> set[str]:
    """Return the names of the headings of a page, as links write them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_contributors_see_the_layers_that_are_enforced(
    page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """In the same order, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (one["layers"] for one in contracts["contracts"] if one["id"] == "layers")

    told = [names for names, _ in rows(page("CONTRIBUTING.md").sections()["Who may import whom"])]

    assert told == [layer.split(" | ") for layer in layers]


def test_weights_are_those_of_the_ranking(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """In thousandths there, as plain numbers here."""
    section = page("docs/explanation/how-it-works.md").sections()["How recall ranks"]

    told = {signal.strip("`"): round(1000 * float(weight)) for signal, weight, _ in table(section)}

    assert told == WEIGHTS


def test_extras_are_told_where_rtkq_is_installed(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """Whoever lacks one is sent to this page."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]

    told = [
        extra.strip("`") for extra, _ in table(page("docs/how-to/install.md").sections()["Install"])
    ]

    assert sorted(told) == sorted(extras)


def test_reading_order_names_files_that_are_there() -> None:
    """Files move; the page that leads through them moves along."""
    text = (ROOT / "docs/explanation/reading-order.md").read_text()

    for path in re.findall(r"`([\w/]+/(?:[\w.]+\.(?:py|scm))?)`", text):
        assert (ROOT / path).exists(), path
