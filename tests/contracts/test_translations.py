"""A translated page says in other words what the page says: same commands, outputs and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRANSLATED = sorted((*ROOT.glob("*.ru.md"), *ROOT.glob("docs/**/*.ru.md")))
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r" +# .*$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)]+)\)")

pages = pytest.mark.parametrize(
    "file", TRANSLATED, ids=lambda file: file.relative_to(ROOT).as_posix()
)


def original(file: Path) -> Path:
    """Return the English page that *file* is a translation of."""
    return file.with_name(file.name.replace(".ru.", "."))


def typed_and_printed(file: Path) -> list[tuple[str, str]]:
    """Return the kind and text of each block of commands or output, without comments."""
    return [(kind, _COMMENT.sub("", text)) for kind, text in _BLOCK.findall(file.read_text())]


def targets(file: Path) -> set[str]:
    """Return where the links of a page lead, whatever the language there."""
    return {target.replace(".ru.md", ".md") for target in _LINK.findall(file.read_text())}


@pages
def test_translation_has_the_same_commands_and_outputs(file: Path) -> None:
    """The English page is run by tests; this one is as true as long as they are equal."""
    assert typed_and_printed(file) == typed_and_printed(original(file))


@pages
def test_translation_leads_to_the_same_pages(file: Path) -> None:
    """Nobody is told less for the language they read."""
    assert targets(file) == targets(original(file))


@pages
def test_translation_has_as_many_sections(file: Path) -> None:
    """One that is added in English is owed in the other language."""
    count = [len(re.findall(r"^## ", one.read_text(), re.M)) for one in (file, original(file))]

    assert count[0] == count[1]


def test_there_are_translations() -> None:
    """Else the tests above would say nothing."""
    assert [file.name for file in TRANSLATED] == ["README.ru.md", "first-context.ru.md"]
