"""Which files are left out, and why: what nobody wrote is not worth a reader's time."""

from __future__ import annotations

import re

#: Characters of the beginning that are searched for a generator's mark.
_HEAD = 2_000

#: Git's rule: a NUL among the first bytes makes a file binary.
_BINARY_HEAD = 8_000

#: A line longer than this, with hardly a blank in it, was not typed.
_LONG_LINE = 500
_LEAST_BLANKS = 0.08

_GENERATED = re.compile(
    r"""
    ^\W{0,12}                         # a comment's opening, not running text
    (?: .{0,80}\b(?:code\ )?generated\b.{0,120}\bdo\ not\ (?:edit|modify|change)\b
      | .{0,80}\bdo\ not\ (?:edit|modify|change)\b.{0,120}\bgenerated\b
      | @generated\b
      | <auto-?generated\b
      | auto-?generated\ (?:by|from|file|code|using|with)\b
      | (?:this\ )?(?:file|code|module)\ (?:is|was|has\ been)\ auto(?:matically\ |-|\ )?generated\b
      | generated\ by\ the\ protocol\ buffer\ compiler
    )
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def is_binary(data: bytes) -> bool:
    """Tell whether *data* is no text at all."""
    return b"\0" in data[:_BINARY_HEAD]


def is_generated(text: str) -> bool:
    """Tell whether the first lines say that a program wrote the file."""
    head = text[:_HEAD]
    return "generated" in head.lower() and _GENERATED.search(head) is not None


def is_minified(lines: list[str]) -> bool:
    """Tell whether most of the file stands on long lines with hardly a blank.

    One long line inside of readable code (a picture, a test vector) does not make it minified,
    and neither do paragraphs of prose.
    """
    dense = [line for line in lines if len(line) > _LONG_LINE and _blanks(line) < _LEAST_BLANKS]
    return bool(dense) and sum(map(len, dense)) * 2 > sum(map(len, lines))


def _blanks(line: str) -> float:
    return (line.count(" ") + line.count("\t")) / len(line)
