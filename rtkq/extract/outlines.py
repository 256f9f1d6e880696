"""From the matches of a query to definitions, imports and relations in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rtkq.extract import grammars, macros, names
from rtkq.extract.facts import KINDS, MEMBER, Definition, Import, Relation
from rtkq.extract.modules import modules
from rtkq.extract.signatures import signature
from rtkq.extract.spans import VALUES, Span, nest, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from rtkq.extract.grammars import Match

#: Later ones are left out.
MOST_DEFINITIONS = 4_000
MOST_MEMBERS = 1_000

#: A longer one comes from a damaged file.
_LONGEST_NAME = 200

_WITH_MACROS = frozenset({"c", "cpp"})

#: Bytes looked at for the blanks that some grammars count to a node's end.
_TAIL = 200

_KINDS = KINDS | {MEMBER, "container", "namespace"}
#: What matches say about other nodes.
_NOTED = frozenset({"export", "exported", "hidden", "import", "section", "wrapper"})
_RELATIONS = ("extends", "implements", "alias")


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file defines, and what it leans on."""

    definitions: list[Definition] = field(default_factory=list)
    #: For each definition the row, from 0, where it begins with all that wraps it.
    first_rows: list[int] = field(default_factory=list)
    members: list[Definition] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)


def outline(language: str, source: bytes) -> Outline | None:
    """Return what *source* defines, imports and relates.

    Args:
        language: One of grammars.PARSED.
        source: Valid UTF-8.

    Returns:
        Everything in order of appearance; None when the parse was given up.
    """
    code = macros.hide(source) if language in _WITH_MACROS else source
    found = grammars.matches(language, code)
    return None if found is None else _Reader(language, source).read(found)


class _Reader:
    """Reads the matches of one file; what they say about other nodes is noted first."""

    def __init__(self, language: str, source: bytes) -> None:
        self._language = language
        self._source = source
        #: First byte of a wrapped node -> first byte and row of what wraps it.
        self._wrappers: dict[int, tuple[int, int]] = {}
        self._exported: set[int] = set()
        self._hidden: set[int] = set()
        self._exported_names: set[str] = set()
        self._sections: list[tuple[int, str]] = []
        #: Where a call ends whose last argument is a module's name.
        self._import_ends: set[int] = set()

    def read(self, found: list[tuple[int, Match]]) -> Outline:
        for _, match in found:
            if not _NOTED.isdisjoint(match):
                self._note(match)
        spans = self._spans(found)
        nest(spans, sorted(self._sections))
        settled = settle(self._language, spans, self._exported_names)
        kept = [span for span in settled if span.kind != MEMBER][:MOST_DEFINITIONS]
        members = [span for span in settled if span.kind == MEMBER]
        return Outline(
            definitions=[_definition(self._language, span) for span in kept],
            first_rows=[span.first_row for span in kept],
            members=[_member(span) for span in members[:MOST_MEMBERS]],
            imports=sorted(dict.fromkeys(self._imports(found)), key=lambda known: known.line),
            relations=list(dict.fromkeys(self._relations(found, spans))),
        )

    def _text(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte].decode()

    def _note(self, match: Match) -> None:
        exported = match.get("exported", [])
        self._exported.update(node.start_byte for node in exported)
        self._hidden.update(node.start_byte for node in match.get("hidden", []))
        self._exported_names.update(self._text(node) for node in match.get("export", []))
        self._sections += [(node.start_byte, self._text(node)) for node in match.get("section", [])]
        self._import_ends.update(node.end_byte + 1 for node in match.get("import", []))
        for wrapper in match.get("wrapper", []):
            place = wrapper.start_byte, wrapper.start_point.row
            for node in exported + match.get("wrapped", []):
                self._wrappers[node.start_byte] = place

    def _spans(self, found: list[tuple[int, Match]]) -> list[Span]:
        """Return all definitions and containers, outer ones first."""
        best: dict[int, tuple[int, str, Match]] = {}
        for pattern, match in found:
            kind = next((capture for capture in match if capture in _KINDS), None)
            if kind is not None:
                byte = _name_node(kind, match).start_byte
                if byte not in best or pattern < best[byte][0]:
                    best[byte] = pattern, kind, match
        spans = [self._span(kind, match) for _, kind, match in best.values()]
        return sorted(
            (span for span in spans if _is_sound(span) and not self._is_import(span)),
            key=lambda span: (span.begin, -span.end, span.name_byte),
        )

    def _span(self, kind: str, match: Match) -> Span:
        node, name = match[kind][0], _name_node(kind, match)
        containers, simple = names.split(self._text(name)) if "name" in match else ([], "")
        if "parent" in match:
            containers = [self._text(match["parent"][0])]
        begin, first_row = self._begin(node, match)
        return Span(
            kind=kind,
            name=simple,
            own_parent=names.join(*containers),
            begin=begin,
            end=node.end_byte,
            head=self._head(node, match),
            modifiers=self._source[begin : name.start_byte].decode(),
            row=_row(node, name, match),
            end_row=self._end_row(node),
            first_row=first_row,
            name_byte=name.start_byte,
            is_prototype="prototype" in match,
            is_marked=begin in self._exported,
            is_hidden=node.start_byte in self._hidden,
        )

    def _is_import(self, span: Span) -> bool:
        """Tell "const fs = require('fs')", which defines nothing."""
        return span.kind in VALUES and span.end in self._import_ends

    def _begin(self, node: Node, match: Match) -> tuple[int, int]:
        """Return the first byte of the declaration and the first row of all that belongs to it."""
        begin, row = node.start_byte, node.start_point.row
        for keyword in match.get("keyword", []):
            if keyword.start_point.row == row:
                begin = min(begin, keyword.start_byte)
        outer = begin
        while self._wrappers.get(outer, (outer, row))[0] < outer:
            outer, row = self._wrappers[outer]
        return begin, row

    def _head(self, node: Node, match: Match) -> str:
        """Return the source that the signature is made of."""
        parts = [self._text(keyword) for keyword in match.get("keyword", [])]
        body = match["body"][0].start_byte if "body" in match else node.end_byte
        parts.append(self._source[node.start_byte : min(body, node.end_byte)].decode())
        parts += [self._text(name) for name in match.get("name", []) if name.start_byte > body]
        return " ".join(parts)

    def _end_row(self, node: Node) -> int:
        tail = self._source[max(node.start_byte, node.end_byte - _TAIL) : node.end_byte]
        return node.end_point.row - tail[len(tail.rstrip()) :].count(b"\n")

    def _imports(self, found: list[tuple[int, Match]]) -> Iterator[Import]:
        for _, match in found:
            prefix = "".join(self._text(node) for node in match.get("prefix", []))
            for capture in ("import", "import.own"):
                is_own = capture == "import.own"
                for node in match.get(capture, []):
                    text, line = self._text(node), node.start_point.row + 1
                    for name in modules(self._language, text, prefix=prefix, is_own=is_own):
                        yield Import(name, line)

    def _relations(self, found: list[tuple[int, Match]], spans: list[Span]) -> Iterator[Relation]:
        known = {span.name_byte: span.qualified for span in spans if span.kind != "container"}
        for _, match in found:
            for kind in _RELATIONS:
                for node in match.get(kind, []):
                    subject = match["source"][0]
                    source = known.get(subject.start_byte) or names.bare(self._text(subject))
                    target = names.bare(self._text(node))
                    if source and target and len(source) + len(target) < 2 * _LONGEST_NAME:
                        yield Relation(kind, source, target, node.start_point.row + 1)


def _name_node(kind: str, match: Match) -> Node:
    return match.get("name", match[kind])[0]


def _row(node: Node, name: Node, match: Match) -> int:
    """Return the row of the name, or of the beginning where the name comes after the body."""
    is_last = "body" in match and match["body"][0].start_byte < name.start_byte
    return (node if is_last else name).start_point.row


def _is_sound(span: Span) -> bool:
    is_named = span.name not in ("", "_") or span.kind in ("container", "namespace")
    return is_named and len(span.name) <= _LONGEST_NAME


def _definition(language: str, span: Span) -> Definition:
    return Definition(
        name=span.name,
        kind=span.kind,
        line=span.row + 1,
        end_line=max(span.row, span.end_row) + 1,
        signature=signature(language, span.head, is_value=span.kind in VALUES),
        is_exported=span.is_exported,
        parent=span.parent,
    )


def _member(span: Span) -> Definition:
    line = span.row + 1
    return Definition(span.name, span.kind, line, line, "", span.is_exported, span.parent)
