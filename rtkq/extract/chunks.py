"""Cut a file where its definitions begin, and count the words of each piece."""

from __future__ import annotations

import re
import string
from collections import Counter
from itertools import pairwise

from rtkq.extract.facts import Chunk

#: Longest chunk, in lines. What a longer definition says after them goes into the rest.
MOST_LINES = 80

#: Later lines go into the rest.
MOST_CHUNKS = 1_000

_SHORTEST_WORD, _LONGEST_WORD = 2, 60
_WORD = re.compile(r"[\w$]+")
_LETTERS = string.ascii_letters + string.digits + "_$"
#: Of ASCII alone, which most files are: letters as they are, all else a blank.
_TO_BLANKS = bytes(code if chr(code) in _LETTERS else ord(" ") for code in range(256))

_BLOCK_COMMENT_END = "*/"
_BLOCK_COMMENT_START = "/*"
_SLASHES = ("//", "@")
_HASH = ("#",)
#: Language -> how a line begins that belongs to the definition below it.
_LEADS = {
    "bash": _HASH,
    "csharp": ("//", "["),
    "lua": ("--",),
    "php": ("//", "#"),
    "python": ("#", "@"),
    "ruby": _HASH,
    "rust": ("//", "#["),
}


class Text:
    """A file's text with the offsets of its lines.

    Only an LF ends a line here, as it does for tree-sitter.
    """

    def __init__(self, text: str) -> None:
        self.whole = text
        self.lines = text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        #: The same with nothing but words and blanks; empty where it is not ASCII.
        self._blanked = text.encode().translate(_TO_BLANKS).decode() if text.isascii() else ""

    def words(self, first: int, end: int) -> dict[str, int]:
        """Count the identifiers of the lines from row *first* up to, not including, *end*.

        Identifiers are 2 to 60 characters long, begin with a letter of any alphabet, "_" or "$",
        and stand anywhere: in code, comments and strings.
        """
        return {
            word: count
            for word, count in Counter(self._tokens(self._starts[first], self._starts[end])).items()
            if _SHORTEST_WORD <= len(word) <= _LONGEST_WORD and not word[0].isnumeric()
        }

    def _tokens(self, begin: int, end: int) -> list[str]:
        if self._blanked:  # cutting at blanks takes half the time of an expression
            return self._blanked[begin:end].split()
        return _WORD.findall(self.whole, begin, end)


def cut(text: Text, language: str, first_rows: list[int]) -> tuple[list[Chunk], dict[str, int]]:
    """Cut the text into chunks.

    Args:
        text: The file.
        language: Tells comments and attributes from code.
        first_rows: Row of each definition's beginning, ascending; none: windows of MOST_LINES.

    Returns:
        Chunks in order, and the words of all lines outside of them.
    """
    starts = _starts(text, language, first_rows) if first_rows else _windows(text)
    chunks: list[Chunk] = []
    rest: Counter[str] = Counter()
    for (start, definition), (end, _) in pairwise([*starts, (len(text.lines), -1)]):
        last = min(end, start + MOST_LINES)
        chunks.append(Chunk(start + 1, last, definition, text.words(start, last)))
        if last < end:
            rest.update(text.words(last, end))
    return chunks, dict(rest)


def _windows(text: Text) -> list[tuple[int, int]]:
    return [(row, -1) for row in range(0, len(text.lines), MOST_LINES)][:MOST_CHUNKS]


def _starts(text: Text, language: str, first_rows: list[int]) -> list[tuple[int, int]]:
    """Return (row, definition) of each chunk; of definitions on one line the first opens it."""
    leads = _LEADS.get(language, _SLASHES)
    starts: dict[int, int] = {}
    previous = -1
    for definition, row in enumerate(first_rows):
        start = _lead_row(text.lines, leads, row, previous)
        starts.setdefault(start, definition)
        previous = max(previous, row)
    starts.setdefault(0, -1)
    return sorted(starts.items())[:MOST_CHUNKS]


def _lead_row(lines: list[str], leads: tuple[str, ...], row: int, floor: int) -> int:
    """Return the first row of the comments and attributes directly above *row*.

    Rows up to *floor* belong to an earlier definition.
    """
    while row - 1 > floor:
        above = lines[row - 1].strip()
        if above.endswith(_BLOCK_COMMENT_END):
            opening = _opening_row(lines, row - 1, floor)
            if opening is None:
                return row
            row = opening
        elif above.startswith(leads):
            row -= 1
        else:
            return row
    return row


def _opening_row(lines: list[str], row: int, floor: int) -> int | None:
    """Return the row on which the block comment that ends on *row* begins."""
    while row > floor:
        if _BLOCK_COMMENT_START in lines[row]:
            return row if lines[row].lstrip().startswith(_BLOCK_COMMENT_START) else None
        row -= 1
    return None
