"""Context as text: inert facts within a budget, whole lines, best first.

Nothing here is advice or prose: provenance, then paths, lines, kinds, names and signatures. What
comes from a repository is made harmless before it is printed.
"""

from __future__ import annotations

import time

from rtkq.recall import queries

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
_LONGEST_LINE = 160
#: Definitions a file may show, by its rank: the first files are most likely the right ones.
_DEFINITIONS_BY_RANK = (12, 12, 8, 8, 8, 5, 5, 5, 5, 5, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3)


class File:
    """A file as the context shows it."""

    __slots__ = ("chunks", "definitions", "number", "path", "score", "shares", "state")

    def __init__(self, candidate: Candidate, state: str) -> None:
        self.number = candidate.file
        self.chunks = candidate.chunks
        self.path = candidate.path
        self.score = candidate.score
        self.shares = candidate.shares
        #: ``fresh`` or ``changed`` since it was indexed.
        self.state = state
        self.definitions: list[Definition] = []


class Definition:
    """A definition as the context shows it."""

    __slots__ = ("kind", "line", "name", "signature")

    def __init__(self, name: str, kind: str, line: int, parent: str, signature: str) -> None:
        self.name = f"{parent}.{name}" if parent else name
        self.kind = kind
        self.line = line
        self.signature = signature

    def text(self) -> str:
        """Return ``:line kind name signature``, the name only where the signature hides it."""
        shown = self.signature or self.name
        qualified = self.name if "." in self.name or not self.signature else ""
        return f"  :{self.line} {self.kind} " + " ".join(filter(None, (qualified, shown)))


def header(memory: Memory, state: str) -> str:
    """Return the first line of a context: where it comes from and how old it is."""
    project = memory.root.rstrip("/").rpartition("/")[2] or "/"
    return (
        f'{MARKER_PREFIX}project="{clean(project)}" state="{state}"'
        f' generation="{memory.generation}" indexed_at="{instant(memory.indexed_at_ms)}">'
    )


def instant(at_ms: int) -> str:
    """Return milliseconds since the epoch as UTC in ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms // 1000))


def block(first: str, lines: list[str]) -> str:
    """Return a whole context from its header and lines."""
    return "\n".join((first, *lines, MARKER_END))


def most_files(budget_tokens: int) -> int:
    """Return how many files a context of this size names at most."""
    return max(_FEWEST_FILES, budget_tokens * _FILES_A_THOUSAND_TOKENS // 1000)


def describe(memory: Memory, files: list[File]) -> None:
    """Give each file its definitions that match best, best first, as many as it may show."""
    wanted: dict[tuple[int, int], list[Definition]] = {}
    for rank, file in enumerate(files):
        for _, chunk in file.chunks[: _limit(rank)]:
            wanted[file.number, chunk] = []
    pairs = [number for pair in wanted for number in pair]
    if not pairs:
        return
    for number, chunk, *values in memory.rows(queries.DEFINITIONS, among=pairs):
        wanted[number, chunk].append(Definition(*values))
    for rank, file in enumerate(files):
        chunks = file.chunks[: _limit(rank)]
        file.definitions = [one for _, chunk in chunks for one in wanted[file.number, chunk]]


def fill(files: list[File], room_chars: int) -> list[str]:
    """Return the lines for *files* that fit, grouped by file.

    Paths come first: a file that is not named cannot be found. What is left of the room goes to
    definitions in rounds, one a file and round, so that no file crowds out the next.
    """
    named: list[File] = []
    for file in files:
        room_chars -= len(_path_line(file)) + 1
        if room_chars < 0:
            break
        named.append(file)
    shown = _share_room(named, room_chars)
    lines: list[str] = []
    for file, definitions in zip(named, shown, strict=True):
        lines.append(_path_line(file))
        lines += [line for _, line in sorted(definitions)]
    return lines


def _share_room(named: list[File], room_chars: int) -> list[list[tuple[int, str]]]:
    shown: list[list[tuple[int, str]]] = [[] for _ in named]
    for turn in range(_DEFINITIONS_BY_RANK[0]):
        for rank, file in enumerate(named):
            if turn >= len(file.definitions):
                continue
            definition = file.definitions[turn]
            line = clean(definition.text())[:_LONGEST_LINE]
            if len(line) + 1 > room_chars:
                return shown
            room_chars -= len(line) + 1
            shown[rank].append((definition.line, line))
    return shown


def _limit(rank: int) -> int:
    return _DEFINITIONS_BY_RANK[rank] if rank < len(_DEFINITIONS_BY_RANK) else 1


def _path_line(file: File) -> str:
    return clean(file.path) + (" (changed since indexed)" if file.state == "changed" else "")


def clean(text: str) -> str:
    """Return *text* on one line, without control characters and without our own marker."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return text.replace(MARKER, "rtkq_context")
