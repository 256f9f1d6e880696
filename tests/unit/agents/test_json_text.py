"""A JSON text changes where its value does, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkq.agents import json_text

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)
LAYOUTS = st.sampled_from([None, 2, 4, "\t"])


def with_last_member(text: str, key: str, value: Any) -> str:
    """Return *text* with one more member."""
    return json_text.rewrite(text, json_text.parse(text) | {key: value})


@given(OBJECTS, OBJECTS, LAYOUTS, st.booleans())
def test_rewritten_text_has_the_new_value(
    old: dict[str, Any], new: dict[str, Any], indent: Any, is_crlf: bool
) -> None:
    """Whatever the two documents are, and however the first is laid out."""
    text = json.dumps(old, indent=indent)
    text = text.replace("\n", "\r\n") if is_crlf else text
    merged = {key: new.get(key, value) for key, value in old.items() if key in new} | new

    rewritten = json_text.rewrite(text, merged)

    assert json_text.parse(rewritten) == merged
    assert list(json_text.parse(rewritten)) == list(merged)


@given(OBJECTS, LAYOUTS)
def test_member_that_comes_and_goes_leaves_no_trace(old: dict[str, Any], indent: Any) -> None:
    """The rest is the same to the byte; an empty object alone may lose its white space."""
    text = json.dumps(old, indent=indent)

    grown = with_last_member(text, "rtkq", {"hooks": [{"command": "x"}]})

    assert json_text.rewrite(grown, old) == text


@pytest.mark.parametrize(
    ("text", "grown"),
    [
        ('{"a":1}', '{"a":1,"b": [2]}'),
        ('{ "a": 1 }', '{ "a": 1, "b": [2] }'),
        ('{"a": 1, "c": 3}', '{"a": 1, "c": 3, "b": [2]}'),
        ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n'),
        ('{\r\n\t"a": 1\r\n}', '{\r\n\t"a": 1,\r\n\t"b": [\r\n\t\t2\r\n\t]\r\n}'),
        ("{}", '{\n  "b": [\n    2\n  ]\n}'),
        ('\n{"a": 1.50e3}\n\n', '\n{"a": 1.50e3,"b": [2]}\n\n'),
    ],
    ids=["minified", "spaced", "on one line", "indented", "tabs and CRLF", "empty", "odd numbers"],
)
def test_new_member_looks_like_its_neighbours(text: str, grown: str) -> None:
    """Somebody reads the file afterwards, and somebody reviews the difference."""
    assert with_last_member(text, "b", [2]) == grown


def test_item_is_taken_out_of_the_middle_of_a_list() -> None:
    """Spelling and white space of its neighbours stay."""
    text = '{"l": [\n  {"a" : 1},\n  {"b":2},\n  {"c":3}\n]}'

    assert json_text.rewrite(text, {"l": [{"a": 1}, {"c": 3}]}) == (
        '{"l": [\n  {"a" : 1},\n  {"c":3}\n]}'
    )


@pytest.mark.parametrize(
    "text",
    ["{", '{"a": 1,}', "// note\n{}", '{"a": NaN}', "[" * 100_000, '{"a": "\t"}', "{} {}"],
    ids=["cut", "trailing comma", "comment", "NaN", "deep", "raw tab", "two documents"],
)
def test_what_is_no_strict_json_is_refused(text: str) -> None:
    """The agent would not read it either."""
    with pytest.raises(ValueError, match=r"."):
        json_text.parse(text)


def test_key_that_stands_twice_is_refused_where_it_matters() -> None:
    """Which of the two is meant cannot be known; elsewhere it is nobody's business."""
    twice = '{"a": {"x": 1, "x": 2}, "b": 0}'

    assert json_text.rewrite(twice, {"a": {"x": 2}, "b": 1}) == '{"a": {"x": 1, "x": 2}, "b": 1}'
    with pytest.raises(ValueError, match="'x' stands twice"):
        json_text.rewrite(twice, {"a": {"x": 3}, "b": 0})


def test_integers_of_any_length_are_kept_as_they_are_spelled() -> None:
    """JavaScript reads them as floats; they are not ours to refuse."""
    text = '{"a": %s}' % ("9" * 5000)

    assert with_last_member(text, "b", 1) == text[:-1] + ',"b": 1}'
