"""Find our own blocks in a prompt that was not decoded.

Prompts travel: a subagent hands its own on, a session is resumed. A block that says what would
be said now is left alone, an older one gives way. Only a block exactly as we write it counts,
standing on lines of its own; a text that merely talks about blocks is the user's.
"""

from __future__ import annotations

from rtkq_hooks.envelope import escape

_PROJECT = escape(' project="')
_GENERATION = escape(' generation="')
_OPENING = b"<rtkq-context" + _PROJECT
_CLOSING = b"</rtkq-context>"
_NEWLINE = b"\\n"
#: Stands between a block and the prompt behind it.
GAP = "\n\n"


def holds_current(token: bytes, block: str) -> bool:
    """Return whether *token* holds a block of the same project and generation as *block*.

    Args:
        token: The raw JSON string of a prompt.
        block: The block that would be put into it.
    """
    wanted = _identity(escape(block.partition("\n")[0]))
    heads = [token[start : token.find(_NEWLINE, start)] for start, _ in _spans(token)]
    return any(_identity(head) == wanted for head in heads)


def without_blocks(token: bytes) -> bytes:
    """Return the raw JSON string *token* without our blocks; the rest is untouched."""
    kept = []
    at = 0
    for start, end in _spans(token):
        kept.append(token[at:start])
        at = end
    return b"".join([*kept, token[at:]])


def _identity(head: bytes) -> list[bytes]:
    """Return project and generation from the first line of a block; its state may differ."""
    return [head.partition(name)[2].partition(b'\\"')[0] for name in (_PROJECT, _GENERATION)]


def _spans(token: bytes) -> list[tuple[int, int]]:
    spans = []
    at = 1
    while (start := token.find(_OPENING, at)) >= 0:
        end = _end_of_block(token, start)
        if end:
            spans.append((start, end))
        at = end or start + len(_OPENING)
    return spans


def _end_of_block(token: bytes, start: int) -> int:
    """Return where the block at *start* ends, the gap behind it included; 0 if it is none."""
    head_end = token.find(_NEWLINE, start)
    closing = token.find(_CLOSING, start)
    end = closing + len(_CLOSING)
    is_whole = start < head_end < closing and token[head_end - 1 : head_end] == b">"
    if not (is_whole and _begins_line(token, start) and _begins_line(token, closing)):
        return 0
    if end == len(token) - 1:
        return end
    if not token.startswith(_NEWLINE, end):
        return 0
    gap = escape(GAP)
    return end + (len(gap) if token.startswith(gap, end) else len(_NEWLINE))


def _begins_line(token: bytes, at: int) -> bool:
    if at == 1:
        return True
    before = token[:at]
    # A backslash that is itself escaped does not begin "\n": it must stand alone or after pairs.
    slashes = len(before) - 1 - len(before[:-1].rstrip(b"\\"))
    return before.endswith(_NEWLINE) and slashes % 2 == 1
