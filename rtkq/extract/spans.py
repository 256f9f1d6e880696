"""How definitions lie within each other, and what that makes of them.

Nesting comes from positions, by one sweep with a stack: a tree may be nested a hundred thousand
deep, so nothing recurses here and no node is asked for its parent.
"""

from __future__ import annotations

from dataclasses import dataclass

from rtkq.extract.facts import MEMBER
from rtkq.extract.names import join
from rtkq.extract.visibility import Site, is_exported

#: Qualified names grow no longer than this; deeper containers are left out of them.
_LONGEST_QUALIFIED = 300

_FUNCTIONS = frozenset({"function", "method"})
#: Of these a signature shows the first line only.
VALUES = frozenset({"constant", "variable"})
#: "container" is an impl block or an extension: part of a type defined elsewhere.
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "container"})
#: Where a module (Ruby's module, a singleton object) has methods, not functions.
_MODULES_HAVE_METHODS = frozenset({"kotlin", "ruby", "scala"})
_UNNAMED = frozenset({"container", "namespace"})
#: Outside of these a member belongs to the unnamed type of a variable, or of a parameter. The
#: constants of an unnamed enum stand for themselves, at top level or in a namespace.
_WITH_MEMBERS = _TYPES | _UNNAMED | {"type", "module"}


@dataclass(slots=True, eq=False)
class Span:
    """A definition on its way to being one, or a container that only names what it holds."""

    #: One of facts.KINDS, facts.MEMBER, "container" or "namespace".
    kind: str
    name: str
    #: Containers that its own declaration names: a receiver, the "Foo" of "Foo::bar".
    own_parent: str
    #: First byte, and the byte after the last.
    begin: int
    end: int
    #: Source of the declaration up to the body, and of that up to the name.
    head: str
    modifiers: str
    #: Rows from 0: of the name, of the end, and where the comments and wrappers before it begin.
    row: int
    end_row: int
    first_row: int
    name_byte: int
    is_prototype: bool
    #: Marked as visible, or as hidden, where it stands.
    is_marked: bool
    is_hidden: bool
    outer: Span | None = None
    parent: str = ""
    #: Section word in force where it stands ("private").
    section: str = ""
    is_exported: bool = False

    @property
    def is_again(self) -> bool:
        """It stands in itself: the second "node" of "typedef struct node { … } node"."""
        outer = self.outer
        if outer is None or self.kind not in _TYPES:
            return False
        return (self.kind, self.name) == (outer.kind, outer.name)

    @property
    def qualified(self) -> str:
        """Name with its containers."""
        whole = self.parent if self.is_again else join(self.parent, self.name)
        return whole if len(whole) <= _LONGEST_QUALIFIED else self.parent


def nest(spans: list[Span], sections: list[tuple[int, str]]) -> None:
    """Give each span its container, its parent's name and the section it stands in.

    Args:
        spans: By first byte, the longer one first.
        sections: (byte, word) of each section, by byte.
    """
    stack: list[Span] = []
    current: dict[Span | None, str] = {}
    waiting = sections[::-1]
    for span in spans:
        while waiting and waiting[-1][0] < span.begin:
            byte, word = waiting.pop()
            current[_innermost(stack, byte)] = word
        while stack and stack[-1].end <= span.begin:
            stack.pop()
        span.outer = _innermost(stack, span.begin)
        span.section = current.get(span.outer, "")
        span.parent = join(span.outer.qualified if span.outer else "", span.own_parent)
        # What lies within a member's value or type counts as the type's own.
        if span.kind != MEMBER:
            stack.append(span)


def _innermost(stack: list[Span], byte: int) -> Span | None:
    """Return the last span that holds *byte*; one that only begins there does not."""
    return next((span for span in reversed(stack) if span.begin < byte < span.end), None)


def settle(language: str, spans: list[Span], exported_names: set[str]) -> list[Span]:
    """Decide kind and visibility of each span, and return those that are definitions.

    Args:
        language: Decides what is a method and what is visible.
        spans: Nested, outer ones first.
        exported_names: Names of the top level that the file gives away elsewhere.
    """
    defined = {span.qualified for span in spans if not span.is_prototype}
    kept = []
    for span in spans:
        span.kind = _kind(language, span)
        is_given = span.outer is None and (span.own_parent or span.name) in exported_names
        span.is_exported = not span.is_hidden and _is_exported(language, span, is_given)
        if not _is_noise(span, defined):
            kept.append(span)
    return kept


def _kind(language: str, span: Span) -> str:
    if span.kind == "function" and (span.own_parent or _is_member(language, span.outer)):
        return "method"
    if span.kind == "variable" and span.name.isupper():
        return "constant"
    return span.kind


def _is_member(language: str, outer: Span | None) -> bool:
    if outer is None:
        return False
    return outer.kind in _TYPES or (outer.kind == "module" and language in _MODULES_HAVE_METHODS)


def _is_exported(language: str, span: Span, is_given: bool) -> bool:
    outer = span.outer
    if outer is not None and outer.kind in _FUNCTIONS:
        return False
    site = Site(
        name=span.name,
        kind=span.kind,
        modifiers=span.modifiers,
        section=span.section,
        is_marked=span.is_marked or is_given,
        outer_kind=outer.kind if outer else "",
        outer_head=outer.head if outer else "",
        is_outer_exported=outer.is_exported if outer else True,
    )
    return is_exported(language, site)


def _is_noise(span: Span, defined: set[str]) -> bool:
    """Tell what nobody looks for: locals, a prototype beside its definition."""
    if span.kind in _UNNAMED:
        return True
    outer = span.outer
    if span.kind == MEMBER:
        return outer is not None and outer.kind not in _WITH_MEMBERS
    if outer is not None and outer.kind in _FUNCTIONS:
        return span.kind in VALUES or span.is_prototype
    if outer is not None and outer.kind in _TYPES:
        is_twice = span.is_again or (span.is_prototype and span.qualified in defined)
        return span.kind in VALUES or is_twice
    return span.is_prototype and span.qualified in defined
