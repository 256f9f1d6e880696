"""Whatever the bytes are, extract() answers, and says why where there is nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkq.extract import MAX_BYTES, extract, grammars
from rtkq.extract.facts import Facts, decode, encode
from rtkq.extract.languages import LANGUAGES

CASES = Path(__file__).with_name("cases")

#: What tells languages apart, in any order: closer to code than random bytes.
PIECES = st.one_of(
    st.sampled_from(["class", "def", "function", "fn", "struct", "impl", "use", "import", "from"]),
    st.sampled_from(["{", "}", "(", ")", "[", "]", "<", ">", ";", ":", ",", "=", "=>", "->", "::"]),
    st.sampled_from([".", "#", "//", "/*", "*/", "'", "`", '"', '"""', "\\", "@", "$", "&", "*"]),
    st.sampled_from(["Имя", "x", "y1", "_z", "42", "if", "end", "export", "package"]),
    st.sampled_from(["\n", "\n\n", "\r\n", "\r", "\t", "\x00", "\ufeff", "\u2028"]),
)
CODE = st.lists(PIECES, max_size=80).map(lambda pieces: " ".join(pieces).encode())


def names(facts: Facts) -> list[str]:
    return [one.name for one in facts.definitions]


def counts(facts: Facts) -> Counter[str]:
    """Words of all chunks and of the rest."""
    total = Counter(facts.rest)
    for chunk in facts.chunks:
        total.update(chunk.words)
    return total


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=300) | CODE)
def test_any_bytes_give_facts_whose_chunks_share_out_the_words(language: str, data: bytes) -> None:
    """Never raises, counts each identifier once, cuts in order, and stores without loss."""
    facts = extract(data, language)

    counted = counts(facts)
    words = re.findall(r"[\w$]+", data.decode("utf-8", "replace"))
    wanted = Counter(w for w in words if 2 <= len(w) <= 60 and not w[0].isnumeric())
    borders = [line for chunk in facts.chunks for line in (chunk.line, chunk.end_line)]
    assert facts.skipped in ("", "binary")
    assert counted == (Counter() if facts.skipped else wanted)
    assert borders == sorted(borders)
    assert all(1 <= one.line <= one.end_line <= facts.lines for one in facts.definitions)
    assert decode(encode(facts)) == facts


@pytest.mark.parametrize("language", sorted(grammars.PARSED))
def test_a_file_cut_off_anywhere_still_gives_what_came_before(language: str) -> None:
    """An editor saves half-written code all day."""
    source = (CASES / f"{language}.txt").read_bytes().partition(b"=" * 40)[0]

    reasons = {extract(source[:end], language).skipped for end in range(0, len(source), 37)}

    assert reasons == {""}


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        pytest.param("(", "", id="open"),
        pytest.param("(", ")", id="closed"),
        pytest.param("{[(", ")]}", id="mixed"),
        pytest.param("if x:\n ", "", id="blocks"),
    ],
)
@pytest.mark.parametrize("language", sorted(grammars.PARSED))
def test_ten_thousand_nested_brackets_do_not_exhaust_the_stack(
    language: str, opening: str, closing: str
) -> None:
    """Nothing recurses over the tree, whether the brackets are closed again or not."""
    lines = [opening * 50] * 200 + [closing * 50] * 200

    assert extract("\n".join(lines).encode(), language).skipped == ""


def test_ten_thousand_nested_functions_have_bounded_names() -> None:
    """A parent's name does not grow with each level."""
    source = "function f(){\n" * 10_000 + "}\n" * 10_000

    facts = extract(source.encode(), "javascript")

    assert 100 < max(len(one.parent) for one in facts.definitions) <= 300


def test_a_parse_that_would_not_end_leaves_the_words() -> None:
    """A scanner that rereads the file at each heredoc is stopped by what it reads."""
    facts = extract(b"name() { :; }\n" + b"<<<<<<<<\n" * 50_000, "bash")

    assert facts.definitions == []
    assert facts.chunks[0].words == {"name": 1}


def test_brackets_left_open_by_the_thousand_leave_the_words() -> None:
    """At the end of the file a parser would look for each of them."""
    facts = extract(b"class Kept {}\n" + b"Map<Set<\n" * 2_000, "csharp")

    assert facts.definitions == []
    assert facts.chunks[0].words["Kept"] == 1


def test_pairs_that_explode_in_the_grammar_leave_the_words() -> None:
    """Twenty kilobytes of them took all memory of a machine."""
    facts = extract(b"kept = 1\n" + b"/*/*/*/*/*\n" * 2_000, "python")

    assert facts.skipped == ""
    assert facts.definitions == []
    assert facts.chunks[0].words == {"kept": 1}


def test_a_thousand_lines_of_comment_do_not_hide_a_definition() -> None:
    """Python's scanner reads to their end for each of them; the budget allows for it."""
    source = b"def kept(): pass\n" + b"# old code\n" * 1_000

    assert names(extract(source, "python")) == ["kept"]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param(b"\xef\xbb\xbfdef a(): pass\ndef b(): pass\n", [1, 2], id="byte order mark"),
        pytest.param(b"# a\r\n\r\ndef a(): pass\r\ndef b(): pass\r\n", [3, 4], id="CRLF"),
        pytest.param(b"# a\rdef a(): pass\rdef b(): pass\r", [2, 3], id="CR alone"),
        pytest.param(b"x='\r'\ndef a(): pass\ndef b(): pass", [2, 3], id="CR within a line"),
        pytest.param(b"# \xff\xfe\ndef a(): pass\ndef b(): pass\n", [2, 3], id="not UTF-8"),
        pytest.param("# \u2028\x0c\x85\ndef a(): pass\ndef b(): pass\n".encode(), [2, 3], id="NEL"),
    ],
)
def test_lines_are_counted_as_editors_count_them(data: bytes, lines: list[int]) -> None:
    """Odd encodings and line ends do not shift a line number."""
    found = {one.name: one.line for one in extract(data, "python").definitions}

    assert [found["a"], found["b"]] == lines


@pytest.mark.parametrize(
    ("data", "language", "reason"),
    [
        pytest.param(b"\x7fELF\0\0", "c", "binary", id="binary"),
        pytest.param(b"a = 1\n" * (MAX_BYTES // 6 + 1), "python", "huge", id="huge"),
        pytest.param(b"a(b,c=>d?e:f),g={h:[i]};" * 400, "javascript", "minified", id="minified"),
        pytest.param(
            b"// Code generated by mockgen. DO NOT EDIT.\n\npackage a\n", "go", "generated", id="go"
        ),
        pytest.param(
            b"# Generated by the protocol buffer compiler.  DO NOT EDIT!\n",
            "python",
            "generated",
            id="protobuf",
        ),
        pytest.param(b"/**\n * @generated SignedSource<<1>>\n */\n", "php", "generated", id="php"),
        pytest.param(b"// <auto-generated />\nclass A {}\n", "csharp", "generated", id="csharp"),
        pytest.param(
            b"/* This file is automatically generated from a.y */\n", "c", "generated", id="c"
        ),
    ],
)
def test_what_nobody_wrote_is_skipped_with_its_reason(
    data: bytes, language: str, reason: str
) -> None:
    """A skipped file says why, and keeps nothing but the number of its lines."""
    facts = extract(data, language)

    lines = len(data.split(b"\n")) - data.endswith(b"\n")
    assert facts == Facts(language=language, skipped=reason, lines=lines)


@pytest.mark.parametrize(
    ("data", "language"),
    [
        pytest.param(b"# Ids are autogenerated\ndef a(): pass\n", "python", id="generated ids"),
        pytest.param(b"def a(): pass\nX = '" + b"Zm9v" * 900 + b"'\n" + b"y = 1\n" * 900, "python",
                     id="one long line among readable ones"),
        pytest.param(b"Prose may fill a long line. " * 90, "text", id="prose"),
        pytest.param(b"", "python", id="empty"),
        pytest.param(b"def a(): pass\n" + b"# filler\n" * 900 + b"\0", "python", id="late NUL"),
    ],
)  # fmt: skip
def test_what_somebody_wrote_is_not_skipped(data: bytes, language: str) -> None:
    """Looking a little generated or minified is not enough."""
    facts = extract(data, language)

    assert facts.skipped == ""
    assert names(facts)[:1] == (["a"] if b"def a" in data else [])


def test_a_header_that_is_really_cpp_gives_its_classes() -> None:
    """Both languages call their headers .h, so the path says "c"."""
    source = b"#pragma once\nnamespace web {\nclass Store {\n public:\n  void keep();\n};\n}\n"

    facts = extract(source, "c")

    assert [(one.parent, one.name) for one in facts.definitions] == [
        ("web", "Store"),
        ("web.Store", "keep"),
    ]


def test_facts_do_not_depend_on_when_they_are_made() -> None:
    """Equal bytes give equal stored bytes: facts are shared by content."""
    source = (CASES / "rust.txt").read_bytes()

    assert encode(extract(source, "rust")) == encode(extract(source, "rust"))


def test_a_language_nobody_knows_is_read_for_its_words() -> None:
    """A newer table of suffixes does not break an older extractor."""
    facts = extract(b"some words\n", "brainfuck")

    assert facts.skipped == ""
    assert facts.chunks[0].words == {"some": 1, "words": 1}
