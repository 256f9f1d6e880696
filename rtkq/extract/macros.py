"""Hide the macros that stand where C and C++ have no word, so that the grammars see the code.

Nothing is expanded: a hidden macro becomes as many blanks, and every position stays what it was.
"""

from __future__ import annotations

import re

#: "class EXPORT_API Store {": between the keyword and the name.
_BEFORE_NAME = re.compile(
    rb"\b(?:class|struct|union|enum)[ \t]+([A-Z][A-Z0-9_]+)(?=[ \t]+\w+\s*(?:final\s*)?[:{])"
)
#: "MY_INLINE void keep();": before a declaration, known by the ending that such macros have.
_BEFORE_DECLARATION = re.compile(
    rb"\n[ \t]*((?:[A-Z][A-Z0-9]*_)*(?:API|INLINE|EXPORT|DECL|PUBLIC|NODISCARD|NORETURN|CONSTEXPR))"
    rb"(?=[ \t]+[A-Za-z_])"
)


def hide(source: bytes) -> bytes:
    """Return *source* with the macros blanked out; as long as before, line for line."""
    # Every line has a break before it here: "^" would be looked for at each byte.
    return _BEFORE_DECLARATION.sub(_blank, b"\n" + _BEFORE_NAME.sub(_blank, source))[1:]


def _blank(match: re.Match[bytes]) -> bytes:
    start, end = match.span(1)
    return (
        match[0][: start - match.start()] + b" " * (end - start) + match[0][end - match.start() :]
    )
