"""Names as they stand in declarations: qualified, quoted, with type arguments around them."""

from __future__ import annotations

import re

#: Longer text is no name; the expressions below would take quadratic time over it.
_LONGEST = 1_000

_SEPARATOR = re.compile(r"::|[.:\\]")
_OPERATOR = re.compile(r"(?:(.*)::)?(operator\b.*)", re.DOTALL)
#: Pointers, references and lifetimes before a type's name, type arguments and calls after it.
_AROUND = re.compile(r"^(?:[&*\s]|'\w+\s|mut\s|dyn\s)+|\s*[<\[(].*$", re.DOTALL)
_TYPE_ARGUMENTS = re.compile(r"<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>")
_QUOTES = "\"'`"
#: What JavaScript assigns to when it means the module or the class itself.
_NO_CONTAINER = frozenset({"module", "exports", "prototype", "this", "self"})


def split(text: str) -> tuple[list[str], str]:
    """Split a declared name into its containers and the simple name.

    "Foo<T>::bar" is (["Foo"], "bar"), "exports.run" ([], "run"), "Foo::operator==" (["Foo"],
    "operator=="); what is no name ("[Symbol.iterator]") gives ([], "").
    """
    if text.isidentifier():
        return [], text
    if len(text) > _LONGEST:
        return [], ""
    operator = _OPERATOR.fullmatch(text)
    if operator:
        return _containers(_SEPARATOR.split(operator[1] or "")), " ".join(operator[2].split())
    if not any(character.isalnum() or character == "_" for character in text):
        return [], text
    *containers, name = _SEPARATOR.split(bare(_TYPE_ARGUMENTS.sub("", text)))
    return _containers(containers), name.strip()


def bare(text: str) -> str:
    """Return a type's name without what stands around it: "&'a Foo<T>" is "Foo"."""
    return _AROUND.sub("", text[:_LONGEST].strip().strip(_QUOTES)).strip()


def join(*parts: str) -> str:
    """Join the parts of a qualified name that are not empty."""
    return ".".join(part for part in parts if part)


def _containers(names: list[str]) -> list[str]:
    stripped = (bare(name) for name in names)
    return [name for name in stripped if name and name not in _NO_CONTAINER]
