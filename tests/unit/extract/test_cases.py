"""What is seen in each language: one file a language under cases/, source above, facts below.

A definition reads `line-last line, + for exported, kind, qualified name | signature`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq.extract import extract, grammars
from rtkq.extract.facts import KINDS, Facts

CASES = Path(__file__).with_name("cases")
RULE = "=" * 40 + "\n"


def lines_of(facts: Facts) -> Iterator[str]:
    """Spell out facts the way the cases do."""
    for one in facts.definitions:
        mark = "+" if one.is_exported else "-"
        name = f"{one.parent}.{one.name}" if one.parent else one.name
        yield f"{one.line}-{one.end_line} {mark} {one.kind} {name} | {one.signature}"
    for one in facts.members:
        mark = "+" if one.is_exported else "-"
        yield f"{one.line} {mark} {one.kind} {one.parent}.{one.name}"
    for known in facts.imports:
        yield f"{known.line} import {known.module}"
    for tie in facts.relations:
        yield f"{tie.line} {tie.source} {tie.kind} {tie.target}"


@pytest.mark.parametrize("language", sorted(grammars.PARSED))
def test_each_language_gives_its_definitions_imports_and_relations(language: str) -> None:
    """Names, kinds, spans, signatures, visibility, imports and relations are as spelled out."""
    source, expected = (CASES / f"{language}.txt").read_text("utf-8").split(RULE)

    facts = extract(source.encode(), language)

    assert list(lines_of(facts)) == expected.splitlines()
    assert {one.kind for one in facts.definitions} <= KINDS


@pytest.mark.parametrize("language", sorted(grammars.PARSED))
def test_no_signature_shows_a_literal(language: str) -> None:
    """What stands between quotes may be a secret, so no signature repeats it."""
    source, _ = (CASES / f"{language}.txt").read_text("utf-8").split(RULE)

    signatures = [one.signature for one in extract(source.encode(), language).definitions]

    assert signatures
    assert not [text for text in signatures if "secret" in text or "3600" in text]
