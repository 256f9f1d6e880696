"""Documents of clients are moved, never rewritten: what a client spelled arrives as spelled."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkq_hooks import envelope

AWKWARD = [
    pytest.param(rb'"plain"', id="plain"),
    pytest.param(rb'"a\u0000b"', id="NUL"),
    pytest.param(rb'"\ud800 and \udc00\ud800"', id="lone surrogates"),
    pytest.param(rb'"\ud83d\ude00"', id="escaped emoji"),
    pytest.param('"😀 раз два"'.encode(), id="emoji and Cyrillic"),
    pytest.param(rb'"one\r\ntwo\nthree\ttab"', id="line ends"),
    pytest.param('"\ufeffmark"'.encode(), id="byte order mark"),
    pytest.param(rb'"\\n \\\\ \/ \" \u0041"', id="escapes"),
    pytest.param(b'""', id="empty"),
    pytest.param(b'"' + b"x" * 1_000_000 + b'"', id="1 MB"),
]


@pytest.mark.parametrize("prompt", AWKWARD)
def test_prompt_follows_the_text_byte_for_byte(prompt: bytes) -> None:
    """Text goes in front of the prompt; the prompt's own bytes stay as they were."""
    document = b'{"tool_input": {"prompt": %b, "n": 1}}' % prompt
    tool_input, token = envelope.pick(document, (), ("$.tool_input", "$.tool_input.prompt"))
    assert token == prompt
    assert tool_input is not None

    rewritten = envelope.put(tool_input, "prompt", envelope.prepend('say "hi"\n', token))

    assert rewritten == b'{"prompt":"say \\"hi\\"\\n' + prompt[1:] + b',"n":1}'


def test_neighbours_of_the_prompt_keep_their_spelling_and_order() -> None:
    """Numbers beyond a double, escapes and the order of keys come back as they were sent."""
    holder = (
        rb'{"z":1e400,"big":123456789012345678901234567890,"prompt":"p","minus":-0,"one":1.0,'
        rb'"text":"\ud800\u0000\/","nested":{"prompt":"other","list":[1,2,[null,true]]},"a":0}'
    )
    document = b'{"tool_input":%b}' % holder

    (picked,) = envelope.pick(document, (), ("$.tool_input",))

    assert picked == holder
    assert envelope.put(holder, "prompt", b'"q"') == holder.replace(b'"p"', b'"q"')


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{'a':1}", id="single quotes"),
        pytest.param(b"{a:1}", id="bare key"),
        pytest.param(b'{"a":1,}', id="trailing comma"),
        pytest.param(b'/* c */{"a":1}', id="comment"),
        pytest.param(b'{"a":NaN}', id="not a number"),
        pytest.param(b'{"a":0x10}', id="hexadecimal"),
        pytest.param(b'{"a":"x\ty"}', id="raw tab"),
        pytest.param(b'{"a":1}{"a":1}', id="two documents"),
        pytest.param(b'{"a":1}\0', id="NUL at the end"),
        pytest.param(b'{"a":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="surrogate in UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="byte order mark"),
        pytest.param(b'{"a":"cut off', id="cut off"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_what_is_not_strict_json_is_malformed(document: bytes) -> None:
    """SQLite reads more than JSON; the hook does not."""
    with pytest.raises(envelope.Malformed):
        envelope.pick(document, ("$.a",), ())


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_only_what_python_reads_as_json_is_picked_from(document: bytes) -> None:
    """No document gets through that a strict parser refuses."""
    try:
        envelope.pick(document, ("$.a",), ())
    except envelope.Malformed:
        return

    json.loads(document)


def test_values_of_other_types_are_no_texts() -> None:
    """A number where a text belongs counts as absent."""
    assert envelope.pick(b'{"a":5,"b":null,"c":"x"}', ("$.a", "$.b", "$.c"), ()) == [
        None, None, b"x",
    ]  # fmt: skip


@given(st.text())
def test_escaped_text_reads_back(text: str) -> None:
    """Whatever a context holds becomes the inside of one valid JSON string."""
    assert json.loads(b'"' + envelope.escape(text) + b'"') == text


@given(st.text(max_size=200))
def test_unescaping_gives_what_a_parser_gives(text: str) -> None:
    """For text that Python can hold, the tolerant reading is the exact one."""
    assert envelope.unescape(json.dumps(text).encode()) == text
    assert envelope.unescape(json.dumps(text, ensure_ascii=False).encode()) == text


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (rb'"a\ud800b"', "a\N{REPLACEMENT CHARACTER}b"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"a\\nb"', "a\\nb"),
        (rb'"a\\\nb"', "a\\\nb"),
        (rb'"cut\uzz"', "cut\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_unescaping_replaces_what_is_no_character(token: bytes, text: str) -> None:
    """Ranking never fails for a prompt that cannot be decoded."""
    assert envelope.unescape(token) == text


def test_unescaping_reads_only_the_beginning() -> None:
    """The work for a huge prompt is bounded."""
    assert len(envelope.unescape(b'"' + b"x" * 1_000_000 + b'"')) == 8_000
