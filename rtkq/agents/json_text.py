"""Change a JSON text only where its value changes; all the rest stays byte for byte.

Settings are written by people: their order, indentation and spelling of numbers and strings are
not ours to tidy. So a text is never written anew from its value. It is walked along the old and
the new value together, what is equal is copied as it stands, and what differs is replaced.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NamedTuple

_SPACE = " \t\n\r"
_INDENT = "  "
#: Longer integers are not read exactly: Python refuses some of them, clients read all as floats.
_LONGEST_INTEGER = 300


class _Span(NamedTuple):
    """Where one member of an object, or one item of a list, stands in a text."""

    key: str | None
    start: int
    value_start: int
    end: int


class _Piece(NamedTuple):
    """A member or an item as it is to stand, and which of the old ones it is, if any."""

    text: str
    origin: int | None


class _Layout(NamedTuple):
    """How a document is laid out."""

    #: What one level is indented by; ``None`` when all stands on one line.
    unit: str | None
    newline: str


class _Frame(NamedTuple):
    """What surrounds and parts the members or items of one container."""

    opening: str
    separator: str
    closing: str
    #: Indentation of what stands in it.
    indent: str
    #: The layout that holds in it.
    layout: _Layout


def parse(text: str) -> Any:
    """Return the value of a strict JSON *text*.

    Raises:
        ValueError: It is no JSON; comments and trailing commas are not, nor is NaN.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def rewrite(text: str, new: Any) -> str:
    """Return *text* changed so that its value is *new*.

    Members that stay must keep their order; those that are new are put at the end.

    Args:
        text: Strict JSON, or nothing but white space.
        new: An object or a list.

    Raises:
        ValueError: *text* is no JSON, or names a key twice in an object that is to change.
    """
    if not text.strip(_SPACE):
        return _dumped(new, _INDENT) + "\n"
    start = _skip(text, 0)
    end = len(text.rstrip(_SPACE))
    layout = _layout_of(text, start)
    return text[:start] + _rewritten(text[start:end], new, "", layout) + text[end:]


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_refuse)


def _rewritten(text: str, new: Any, indent: str, layout: _Layout) -> str:
    """Return the *text* of one value changed to *new*; its last line is indented by *indent*."""
    old = parse(text)
    if old == new:
        return text
    if isinstance(old, dict) and isinstance(new, dict):
        return _rewritten_object(text, old, new, indent, layout)
    if isinstance(old, list) and isinstance(new, list):
        return _rewritten_list(text, old, new, indent, layout)
    return _written(new, indent, layout)


def _rewritten_object(
    text: str, old: dict[str, Any], new: dict[str, Any], indent: str, layout: _Layout
) -> str:
    spans = _spans(text)
    frame = _frame(text, spans, indent, layout)
    pieces = []
    for index, span in enumerate(spans):
        if span.key in new:
            value = text[span.value_start : span.end]
            value = _rewritten(value, new[span.key], frame.indent, frame.layout)
            pieces.append(_Piece(text[span.start : span.value_start] + value, index))
    for key in [key for key in new if key not in old]:
        value = _written(new[key], frame.indent, frame.layout)
        pieces.append(_Piece(f"{_dumped(key)}: {value}", None))
    return _assembled(text, spans, pieces, frame)


def _rewritten_list(text: str, old: list[Any], new: list[Any], indent: str, layout: _Layout) -> str:
    spans = _spans(text)
    frame = _frame(text, spans, indent, layout)
    pieces = []
    for origin, item in _matched(old, new):
        if origin is None:
            piece = _written(item, frame.indent, frame.layout)
        else:
            piece = text[spans[origin].start : spans[origin].end]
            piece = _rewritten(piece, item, frame.indent, frame.layout)
        pieces.append(_Piece(piece, origin))
    return _assembled(text, spans, pieces, frame)


def _matched(old: list[Any], new: list[Any]) -> list[tuple[int | None, Any]]:
    """Return the *new* items, each with the index of the old one whose place it takes.

    What is equal at both ends stays; what lies between is matched in order.
    """
    shorter = min(len(old), len(new))
    front = 0
    while front < shorter and old[front] == new[front]:
        front += 1
    back = 0
    while back < shorter - front and old[-1 - back] == new[-1 - back]:
        back += 1
    behind = len(new) - back
    before = list(range(min(behind, len(old) - back)))
    fresh = [None] * (behind - len(before))
    origins = [*before, *fresh, *range(len(old) - back, len(old))]
    return list(zip(origins, new, strict=True))


def _frame(text: str, spans: list[_Span], indent: str, layout: _Layout) -> _Frame:
    if not spans:
        inner = indent + (layout.unit or "")
        lead = "" if layout.unit is None else layout.newline + inner
        end = "" if layout.unit is None else layout.newline + indent
        return _Frame(text[0] + lead, "," + (lead or " "), end + text[-1], inner, layout)
    opening = text[: spans[0].start]
    separator = text[spans[0].end : spans[1].start] if len(spans) > 1 else "," + opening[1:]
    _, is_broken, inner = opening.rpartition("\n")
    if not is_broken:
        inner, layout = indent, layout._replace(unit=None)
    return _Frame(opening, separator, text[spans[-1].end :], inner, layout)


def _assembled(text: str, spans: list[_Span], pieces: list[_Piece], frame: _Frame) -> str:
    """Return the container *text* made of *pieces*; neighbours of old keep what parted them."""
    if not pieces:
        return text[0] + text[-1]
    made = [frame.opening, pieces[0].text]
    for before, piece in pairwise(pieces):
        gap = frame.separator
        if before.origin is not None and piece.origin == before.origin + 1:
            gap = text[spans[before.origin].end : spans[piece.origin].start]
        made += [gap, piece.text]
    return "".join([*made, frame.closing])


def _spans(text: str) -> list[_Span]:
    """Return where the members or items of a container stand.

    Raises:
        ValueError: A key stands there twice.
    """
    found: list[_Span] = []
    at = _skip(text, 1)
    while text[at] not in "]}":
        start = at
        key = None
        if text[0] == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        found.append(_Span(key, start, at, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    _refuse_twins([span.key for span in found if span.key is not None])
    return found


def _refuse_twins(keys: list[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"the key {key!r} stands twice in one object")
        seen.add(key)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _layout_of(text: str, start: int) -> _Layout:
    newline = "\r\n" if "\r\n" in text else "\n"
    first = _skip(text, start + 1)
    lead = text[start + 1 : first]
    if text[first : first + 1] in ("}", "]", ""):
        return _Layout(_INDENT, newline)
    return _Layout(lead.rpartition("\n")[2] if "\n" in lead else None, newline)


def _written(value: Any, indent: str, layout: _Layout) -> str:
    return _dumped(value, layout.unit).replace("\n", layout.newline + indent)


def _dumped(value: Any, indent: str | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON can only spell as an escape
        return json.dumps(value, indent=indent)
    return text
