"""From an import as it stands in the source to the names of the modules it asks for."""

from __future__ import annotations

import re

_QUOTES = "\"'`<>"
_RENAMING = re.compile(r"\s+(?:as|=>)\s+\S+\s*$")
#: What stands at the end when everything, or the module itself, is taken.
_WHOLE = re.compile(r"(?:(?:^|::|\.|\\)(?:\*|_|self|given))*(?:::|\.|\\)?$")
_LONGEST_TREE = 10_000
_PART = re.compile(r"[{},]|[^{},]+")


def modules(language: str, text: str, *, prefix: str = "", is_own: bool = False) -> list[str]:
    """Return the modules that one import names.

    Args:
        language: Language of the import.
        text: What the query captured: a path, with quotes or brackets, or a tree of them
            ("a::{b, c::d}", "a.{B, C => D}").
        prefix: What stands before *text* elsewhere in the statement.
        is_own: The language looks for it beside this file; the names then say so.

    Returns:
        Names as written, in order, without quotes, wildcards and renamings; none for a name
        that is computed at run time.
    """
    if language == "scala":
        text = text.removeprefix("import")
    names = _branches(text) if language in ("rust", "scala") else [text.strip().strip(_QUOTES)]
    names = [_join(language, prefix, name) for name in names]
    return [_beside(language, name) if is_own else name for name in names if _is_name(name)]


def _branches(tree: str) -> list[str]:
    """Spell out every leaf of a tree of paths; it may be nested however deep."""
    found: list[str] = []
    prefixes, path = [""], ""
    for part in _PART.findall(tree[:_LONGEST_TREE]):
        if part == "{":
            prefixes.append(prefixes[-1] + path)
            path = ""
        elif part in "},":
            _keep(found, prefixes[-1], path)
            path = ""
            if part == "}" and len(prefixes) > 1:
                prefixes.pop()
        else:
            path = part.strip()
    _keep(found, prefixes[-1], path)
    return found


def _keep(found: list[str], prefix: str, path: str) -> None:
    if path:
        name = _WHOLE.sub("", prefix + _RENAMING.sub("", path))
        if name and name not in found:
            found.append(name)


def _join(language: str, prefix: str, name: str) -> str:
    separator = "\\" if language == "php" and prefix else ""
    return f"{prefix}{separator}{name}"


def _beside(language: str, name: str) -> str:
    return f"self::{name}" if language == "rust" else f"./{name.lstrip('/')}"


def _is_name(name: str) -> bool:
    """Leave out what only running the program would tell."""
    return 0 < len(name) <= 300 and "${" not in name and "\n" not in name
