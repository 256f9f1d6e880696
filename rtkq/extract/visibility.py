"""Who may use a definition, by the rules of its language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Site(NamedTuple):
    """What the rules look at."""

    name: str
    kind: str
    #: Source of the declaration up to its name.
    modifiers: str
    #: Last section word before it in the same container ("private"), "" for none.
    section: str
    #: Given away where it stands, or by its name elsewhere in the file.
    is_marked: bool
    #: Kind of the enclosing definition or container, "" at top level.
    outer_kind: str
    outer_head: str
    #: True at top level.
    is_outer_exported: bool


def is_exported(language: str, site: Site) -> bool:
    """Tell whether a definition that stands in no function is meant for others."""
    return _RULES[language](site)


def _has(word: str, text: str) -> bool:
    return word in text and re.search(rf"\b{word}\b", text) is not None


def _is_any(words: str, text: str) -> bool:
    return any(_has(word, text) for word in words.split())


def _always(_site: Site) -> bool:
    return True


def _no_underscore(site: Site) -> bool:
    return not site.name.startswith("_")


def _capital(site: Site) -> bool:
    return site.name[:1].isupper()


def _rust(site: Site) -> bool:
    if site.outer_kind in ("trait", "enum"):
        return site.is_outer_exported
    in_trait_impl = site.outer_kind == "container" and _has("for", site.outer_head)
    return in_trait_impl or site.kind == "macro" or site.modifiers.lstrip().startswith("pub")


def _module_export(site: Site) -> bool:
    """JavaScript and TypeScript: exported itself, or a visible member of what is."""
    if site.name.startswith("#") or _is_any("private", site.modifiers):
        return False
    return site.is_marked or (site.outer_kind not in ("", "module") and site.is_outer_exported)


def _not_private(site: Site) -> bool:
    return not _is_any("private fileprivate internal", site.modifiers)


def _csharp(site: Site) -> bool:
    if site.outer_kind == "interface":
        return site.is_outer_exported
    return _is_any("public protected", site.modifiers)


def _not_static(site: Site) -> bool:
    return not _has("static", site.modifiers)


def _cpp(site: Site) -> bool:
    if site.outer_kind == "class":
        return site.section in ("public", "protected")
    if site.outer_kind == "struct":
        return site.section != "private"
    is_anonymous = site.outer_kind == "namespace" and site.outer_head.split() == ["namespace"]
    return _not_static(site) and not is_anonymous


def _ruby(site: Site) -> bool:
    return site.section != "private"


def _not_local(site: Site) -> bool:
    return not site.modifiers.lstrip().startswith("local")


_RULES: dict[str, Callable[[Site], bool]] = {
    "bash": _always,
    "c": _not_static,
    "cpp": _cpp,
    "csharp": _csharp,
    "go": _capital,
    "java": _not_private,
    "javascript": _module_export,
    "kotlin": _not_private,
    "lua": _not_local,
    "php": _not_private,
    "python": _no_underscore,
    "ruby": _ruby,
    "rust": _rust,
    "scala": _not_private,
    "swift": _not_private,
    "tsx": _module_export,
    "typescript": _module_export,
}
