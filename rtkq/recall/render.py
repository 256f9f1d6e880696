"""Context as text: inert facts within a budget, whole lines, best first.

Nothing here is advice or prose: provenance, then paths, lines, kinds, names and signatures. What
comes from a repository is made harmless before it is printed.
"""

from __future__ import annotations

import time

from rtkq.recall import layout, queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rtkq.recall.memory import Memory
    from rtkq.recall.rank import Candidate

MARKER = "rtkq-context"
MARKER_PREFIX = f"<{MARKER} "
MARKER_END = f"</{MARKER}>"

#: A token is 4 characters of text.
CHARS_A_TOKEN = 4
_FILES_A_THOUSAND_TOKENS = 22
_FEWEST_FILES = 5
_MOST_FILES = 60
_LONGEST_LINE = 140
#: Definitions a file shows with their signature, by its rank, and what they may take of the room.
_SIGNATURES_BY_RANK = (4, 3, 3, 2, 2, 1, 1, 1, 1, 1)
_SIGNATURE_PERCENT = 30
#: One file in so many tokens may show definitions that match nothing as well, and from so many
#: tokens on every file: there room is left when all that matches is named.
_TOKENS_A_WHOLE_FILE = 500
_TOKENS_FOR_WHOLE_FILES = 3000
#: How many of them, for the best files and below.
_DEFINITIONS_A_FILE = 250
_DEFINITIONS_BELOW = 60
_BEST_FILES = 8
#: Matching chunks a file is asked for, by its rank: no more of it could be shown.
_CHUNKS_BY_RANK = (40, 40, 30, 25, 20, 15, 15, 15, 12, 12)
_CHUNKS_BELOW = 6
#: Kinds whose signature cannot be taken for another kind's.
_TOLD_BY_SIGNATURE = ("function", "method")
#: What a definition that matches nothing counts beside the best one of its file.
_UNMATCHED = 0.1
#: What a member that the task does not name counts beside a function in its place.
_MEMBER = 0.1


class File:
    """A file as the context shows it."""

    __slots__ = ("chunks", "definitions", "number", "path", "score", "shares", "state", "tests")

    def __init__(self, candidate: Candidate, state: str) -> None:
        self.number = candidate.file
        self.chunks = candidate.chunks
        self.path = candidate.path
        self.score = candidate.score
        self.shares = candidate.shares
        #: ``fresh`` or ``changed`` since it was indexed.
        self.state = state
        self.definitions: list[Definition] = []
        #: Paths of tests that cover it, those that match the task first.
        self.tests: list[str] = []


class Definition:
    """A definition as the context shows it."""

    __slots__ = ("kind", "line", "match", "parent", "signature", "simple")

    def __init__(
        self, match: float, name: str, kind: str, line: int, parent: str, signature: str
    ) -> None:
        #: How well it matches beside the best of its file, from 0 to 1.
        self.match = match
        self.simple = name
        self.parent = parent
        self.kind = kind
        self.line = line
        self.signature = signature

    @property
    def name(self) -> str:
        """The name with its containers, joined by dots."""
        return f"{self.parent}.{self.simple}" if self.parent else self.simple

    def text(self) -> str:
        """Return ``:line kind name signature``, what the signature tells left out."""
        is_hidden = "." in self.name or not self.signature
        is_told = self.signature.startswith(self.kind) or self.kind in _TOLD_BY_SIGNATURE
        words = (
            "" if is_told and self.signature else self.kind,
            self.name if is_hidden else "",
            self.signature,
        )
        return f"  :{self.line} " + " ".join(filter(None, words))

    def short_text(self) -> str:
        """Return ``name:line``."""
        return f" {self.simple}:{self.line}"


def header(memory: Memory, state: str) -> str:
    """Return the first line of a context: where it comes from and how old it is."""
    project = memory.root.rstrip("/").rpartition("/")[2] or "/"
    return (
        f'{MARKER_PREFIX}project="{clean(project).replace(chr(34), chr(39))}" state="{state}"'
        f' generation="{memory.generation}" indexed_at="{instant(memory.indexed_at_ms)}"'
        f"{memory.provenance}>"
    )


def instant(at_ms: int) -> str:
    """Return milliseconds since the epoch as UTC in ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms // 1000))


def block(first: str, lines: list[str]) -> str:
    """Return a whole context from its header and lines."""
    return "\n".join((first, *lines, MARKER_END))


def most_files(budget_tokens: int) -> int:
    """Return how many files a context of this size names at most."""
    many = budget_tokens * _FILES_A_THOUSAND_TOKENS // 1000
    return min(_MOST_FILES, max(_FEWEST_FILES, many))


def describe(memory: Memory, files: list[File], names: list[str], budget_tokens: int) -> None:
    """Give each file its definitions, those that match best first.

    Args:
        memory: An open memory.
        files: The files of a context, best first.
        names: Identifiers in the task: members of types are worth as much as functions if they
            are among them, and else come last.
        budget_tokens: Size of the context in tokens of 4 characters.
    """
    matches = [_matches(file, rank) for rank, file in enumerate(files)]
    wanted = {document: match for found in matches for document, match in found.items()}
    for rank, file in enumerate(files[: _whole_files(budget_tokens)]):
        matched = matches[rank]
        most = _DEFINITIONS_A_FILE if rank < _BEST_FILES else _DEFINITIONS_BELOW
        if _add_all(memory, file, matched, names, most):
            for document in matched:
                del wanted[document]
    by_number = {file.number: file for file in files}
    for document, *values in memory.rows(queries.DEFINITIONS, (str([*wanted]),)):
        file = by_number[document >> layout.CHUNK_BITS]
        file.definitions.append(Definition(wanted[document], *values))
    for file in files:
        file.definitions.sort(key=lambda one: (-one.match, one.line, one.simple))


def _whole_files(budget_tokens: int) -> int:
    if budget_tokens >= _TOKENS_FOR_WHOLE_FILES:
        return _MOST_FILES
    return budget_tokens // _TOKENS_A_WHOLE_FILE


def _matches(file: File, rank: int) -> dict[int, float]:
    """Return how well its best chunks match beside the best one, from 0 to 1."""
    most = _CHUNKS_BY_RANK[rank] if rank < len(_CHUNKS_BY_RANK) else _CHUNKS_BELOW
    return {document: score / file.chunks[0][0] for score, document in file.chunks[:most]}


def _add_all(
    memory: Memory, file: File, matched: dict[int, float], names: list[str], most: int
) -> bool:
    """Give *file* all its definitions, of which *most* are looked at, members of types last.

    Returns:
        False if there are so many that only those that match nothing were added.
    """
    rows = memory.rows(queries.DEFINITIONS_OF, (file.number, most))
    is_all = len(rows) < most
    first = file.number << layout.CHUNK_BITS
    for chunk, *values in rows:
        match = matched.get(first | chunk & layout.CHUNK_MASK)
        if chunk >= layout.MEMBERS:
            weight = 1 if values[0] in names else _MEMBER
            file.definitions.append(Definition(weight * (match or _UNMATCHED), *values))
        elif match is None or is_all:
            file.definitions.append(Definition(match or _UNMATCHED, *values))
    return is_all


def fill(files: list[File], room_chars: int) -> list[str]:
    """Return the lines for *files* that fit, grouped by file.

    Paths come first: a file that is not named cannot be found. Then the tests of the best files,
    their best definitions with signatures, and in what room is left the names and lines of more.
    """
    blocks: list[_Block] = []
    for file in files:
        one = _Block(file)
        room_chars -= len(one.first) + 1
        if room_chars < 0:
            break
        blocks.append(one)
    room_chars -= _give_tests(blocks, room_chars)
    room_chars -= _give_signatures(blocks, room_chars * _SIGNATURE_PERCENT // 100)
    _give_names(blocks, room_chars)
    return [line for one in blocks for line in one.lines()]


class _Block:
    """One file and the definitions it got room for."""

    __slots__ = ("file", "first", "named", "shown", "signed", "tested")

    def __init__(self, file: File) -> None:
        self.file = file
        #: The line with its path.
        self.first = _path_line(file)
        #: (line, text) of definitions, with and without signature.
        self.signed: list[tuple[int, str]] = []
        self.named: list[tuple[int, str]] = []
        #: Lines about the tests that cover it: one or none.
        self.tested: list[str] = []
        #: Names that are there.
        self.shown: set[str] = set()

    def lines(self) -> list[str]:
        signed = [text for _, text in sorted(self.signed)]
        named = ["  +" + "".join(text for _, text in sorted(self.named))] if self.named else []
        return [self.first, *signed, *named, *self.tested]


def _give_tests(blocks: list[_Block], room_chars: int) -> int:
    """Show the tests of each file; return the characters taken."""
    taken = 0
    for one in blocks:
        text = "  tested by " + ", ".join(map(clean, one.file.tests))
        if one.file.tests and taken + len(text) + 1 <= room_chars:
            taken += len(text) + 1
            one.tested.append(text)
    return taken


def _give_signatures(blocks: list[_Block], room_chars: int) -> int:
    """Show the best definitions in rounds, one a file and round; return the characters taken."""
    taken = 0
    for turn in range(_SIGNATURES_BY_RANK[0]):
        for most, one in zip(_SIGNATURES_BY_RANK, blocks, strict=False):
            definitions = one.file.definitions
            if turn < min(most, len(definitions)) and definitions[turn].match > _UNMATCHED:
                definition = definitions[turn]
                text = clean(definition.text())[:_LONGEST_LINE]
                if taken + len(text) + 1 <= room_chars:
                    taken += len(text) + 1
                    one.signed.append((definition.line, text))
                    one.shown.add(definition.name)
    return taken


def _give_names(blocks: list[_Block], room_chars: int) -> None:
    """Show more definitions by name and line alone, the likeliest first."""
    best = blocks[0].file.score if blocks else 1
    likely: list[tuple[float, int, int]] = []
    for rank, one in enumerate(blocks):
        # Cubed: a file that scores half as high is far less than half as likely the right one.
        share = -((one.file.score / best) ** 3)
        likely += [(share * known.match, rank, n) for n, known in enumerate(one.file.definitions)]
    for _, rank, number in sorted(likely):
        one = blocks[rank]
        definition = one.file.definitions[number]
        name, line = definition.name, definition.line
        if name in one.shown:
            continue  # an overload, or there already
        text = clean(definition.short_text())
        cost = len(text) + (0 if one.named else len("  +\n"))
        if cost > room_chars:
            break
        room_chars -= cost
        one.named.append((line, text))
        one.shown.add(name)


def _path_line(file: File) -> str:
    return clean(file.path) + (" (changed since indexed)" if file.state == "changed" else "")


def clean(text: str) -> str:
    """Return *text* on one line, without control characters and without our own marker."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return text.replace(MARKER, "rtkq_context")
