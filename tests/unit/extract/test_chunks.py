"""Chunks begin where definitions begin, hold at most 80 lines, and lose no word."""

from __future__ import annotations

from collections import Counter

from rtkq.extract import extract
from rtkq.extract.chunks import MOST_CHUNKS, MOST_LINES
from rtkq.extract.facts import Facts


def spans(facts: Facts) -> list[tuple[int, int, str]]:
    """First line, last line and the name of the definition that opens each chunk."""
    return [
        (
            chunk.line,
            chunk.end_line,
            facts.definitions[chunk.definition].name if chunk.definition >= 0 else "",
        )
        for chunk in facts.chunks
    ]


def test_a_chunk_reaches_from_one_definition_to_the_next() -> None:
    """Nested definitions cut too; what comes before the first belongs to none."""
    source = (
        b"import os\n\nclass Store:\n    size = 1\n\n    def keep(self):\n        pass\n\nEND = 1\n"
    )

    facts = extract(source, "python")

    assert spans(facts) == [(1, 2, ""), (3, 5, "Store"), (6, 8, "keep"), (9, 9, "END")]


def test_comments_and_decorators_above_a_definition_belong_to_it() -> None:
    """A reader finds the reason with the thing."""
    source = b"import os\n\n# Why it is here.\n@cached(\n    1,\n)\ndef keep():\n    pass\n"

    facts = extract(source, "python")

    assert spans(facts) == [(1, 2, ""), (3, 8, "keep")]
    assert facts.definitions[0].line == 7


def test_a_block_comment_without_stars_belongs_to_what_follows() -> None:
    """Only its last line tells that it is a comment."""
    source = b"int a;\n\n/* Keeps\n   what is\n   given. */\nint keep(void) { return 1; }\n"

    assert spans(extract(source, "c")) == [(1, 2, "a"), (3, 6, "keep")]


def test_code_that_ends_in_a_comment_stays_where_it_is() -> None:
    """A remark behind code is not a comment on the next definition."""
    source = b"int f(void) {\n  return 1;\n} /* f */\nint g(void) { return 2; }\n"

    assert spans(extract(source, "c")) == [(1, 3, "f"), (4, 4, "g")]


def test_of_definitions_on_one_line_the_first_opens_the_chunk() -> None:
    """A line is not cut."""
    facts = extract(b"class A { int f() { return 1; } }\n", "java")

    assert spans(facts) == [(1, 1, "A")]


def test_what_a_long_definition_says_after_80_lines_is_rest() -> None:
    """A giant function does not drown its own beginning."""
    body = "".join(f"    word{n} = {n}\n" for n in range(100))

    facts = extract(f"def giant():\n{body}".encode(), "python")

    assert spans(facts) == [(1, MOST_LINES, "giant")]
    assert facts.chunks[0].words["word78"] == 1
    assert facts.rest["word79"] == 1
    assert len(facts.rest) == 21


def test_text_without_definitions_is_cut_into_windows() -> None:
    """Prose has chunks too, and no rest."""
    facts = extract(b"plain words\n" * 200, "text")

    assert spans(facts) == [(1, 80, ""), (81, 160, ""), (161, 200, "")]
    assert facts.rest == {}


def test_words_are_counted_as_written() -> None:
    """Code, comments and strings alike, letters of any alphabet, 2 to 60 characters."""
    source = f"счёт = getName('getName')  # Счёт x $el 42 7up {'y' * 60} {'z' * 61}\n"

    (chunk,) = extract(source.encode(), "python").chunks

    assert chunk.words == {"счёт": 1, "getName": 2, "Счёт": 1, "$el": 1, "y" * 60: 1}


def test_a_file_of_countless_definitions_is_bounded_and_loses_no_word() -> None:
    """At most 4000 definitions and 1000 chunks; the words of the others are rest."""
    source = "".join(f"def name{n}(): pass\n" for n in range(5_000))

    facts = extract(source.encode(), "python")

    counted = Counter(facts.rest)
    for chunk in facts.chunks:
        counted.update(chunk.words)
    assert len(facts.definitions) == 4_000
    assert len(facts.chunks) == MOST_CHUNKS
    assert counted["name4999"] == counted["name0"] == 1
    assert counted["def"] == 5_000
