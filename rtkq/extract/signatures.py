"""One line that tells a reader what a definition is, without what it does.

Literals become "…": a signature may be shown to others, and what stands between quotes may be
a secret.
"""

from __future__ import annotations

import functools
import re

#: Longest signature, in characters.
LIMIT = 200

#: Characters of source looked at; more is blanks and comments.
_WINDOW = 2_000

_DOUBLE_QUOTED = r'"""(?:.*?)(?:"""|\Z)|"(?:\\.|[^"\\])*(?:"|\Z)'
_SINGLE_QUOTED = r"'''(?:.*?)(?:'''|\Z)|'(?:\\.|[^'\\])*(?:'|\Z)"
#: One character between quotes: elsewhere a single quote is a lifetime or a digit separator.
_CHARACTER = r"'(?:\\[^']*|[^'\\])'"
_BACKQUOTED = r"`(?:\\.|[^`\\])*(?:`|\Z)"
_NUMBER = r"(?<![\w$.#])\d[\w.]*(?:'\d\w*)*"

_SLASHES = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_HASH = r"\#[^\n]*"
_DASHES = r"--\[\[.*?(?:\]\]|\Z)|--[^\n]*"

#: Language -> (comments, quoted literals); the default is C's.
_LEXIS = {
    "bash": (r"(?<!\S)\#[^\n]*", (_DOUBLE_QUOTED, _SINGLE_QUOTED, _BACKQUOTED)),
    "go": (_SLASHES, (_DOUBLE_QUOTED, _CHARACTER, _BACKQUOTED)),
    "javascript": (_SLASHES, (_DOUBLE_QUOTED, _SINGLE_QUOTED, _BACKQUOTED)),
    "lua": (_DASHES, (_DOUBLE_QUOTED, _SINGLE_QUOTED, r"\[\[.*?(?:\]\]|\Z)")),
    "php": (rf"{_SLASHES}|\#(?!\[)[^\n]*", (_DOUBLE_QUOTED, _SINGLE_QUOTED)),
    "python": (_HASH, (rf"(?:\b[rbfuRBFU]{{1,2}})?(?:{_DOUBLE_QUOTED}|{_SINGLE_QUOTED})",)),
    "ruby": (_HASH, (_DOUBLE_QUOTED, _SINGLE_QUOTED)),
}
_LEXIS["tsx"] = _LEXIS["typescript"] = _LEXIS["javascript"]
_C_LEXIS = (_SLASHES, (_DOUBLE_QUOTED, _CHARACTER))

_ARGUMENTS = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
#: Annotations and attributes before the first word of a declaration.
_ANNOTATIONS = re.compile(
    rf"(?:@(?!interface\b)[\w.:]+(?:{_ARGUMENTS})?\s*|\#?\[\[?[^\[\]]*\]\]?\s*)+"
)
_OPENINGS = " \t{[(="
_BEFORE_CLOSING = re.compile(r",? ([)\]])")
_LOOSE_END = re.compile(r"(?:[\s{=:;,\\]|=>)+$")


def signature(language: str, head: str, *, is_value: bool = False) -> str:
    """Return the one-line form of a definition's head.

    Args:
        language: Language of *head*; decides what is a comment and what a literal.
        head: Source of the definition up to its body.
        is_value: It is a constant or variable, whose value has no place here beyond one line.

    Returns:
        At most LIMIT characters, blanks collapsed, without comments and leading annotations,
        each literal replaced by "…".
    """
    text = _lexis(language).sub(_replace, head[:_WINDOW])
    text = _without_annotations(text.strip())
    if is_value and "\n" in text:
        text = text.partition("\n")[0].rstrip(_OPENINGS)
    return _shorten(_tidy(text))


@functools.cache
def _lexis(language: str) -> re.Pattern[str]:
    comments, literals = _LEXIS.get(language, _C_LEXIS)
    return re.compile(
        rf"(?P<comment>{comments})|(?P<literal>{'|'.join((*literals, _NUMBER))})", re.DOTALL
    )


def _replace(match: re.Match[str]) -> str:
    return " " if match.lastgroup == "comment" else "…"


def _without_annotations(text: str) -> str:
    found = _ANNOTATIONS.match(text)
    return text[found.end() :] if found else text


def _tidy(text: str) -> str:
    text = " ".join(text.split()).replace("( ", "(").replace("[ ", "[")
    if " )" in text or " ]" in text:
        text = _BEFORE_CLOSING.sub(r"\1", text)
    return _LOOSE_END.sub("", text)


def _shorten(text: str) -> str:
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
