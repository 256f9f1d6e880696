"""The read side: a task in, ranked files and definitions out, in bounded work.

The hook runs this in a process of its own for every subagent, so nothing here imports more than
``_sqlite3`` and modules that the interpreter has loaded anyway.
"""

from __future__ import annotations

from rtkq.recall import queries
from rtkq.recall.covering import add_tests
from rtkq.recall.disk import GONE, Disk
from rtkq.recall.memory import OWNER, Memory, open_memory, opened
from rtkq.recall.question import Question
from rtkq.recall.rank import Candidate, rank
from rtkq.recall.render import (
    CHARS_A_TOKEN,
    MARKER_END,
    MARKER_PREFIX,
    File,
    block,
    clean,
    describe,
    fill,
    header,
    instant,
    most_files,
)

__all__ = [
    "CHARS_A_TOKEN",
    "MARKER_END",
    "MARKER_PREFIX",
    "OWNER",
    "Context",
    "File",
    "Memory",
    "context",
    "instant",
    "open_memory",
    "opened",
    "project_map",
]

#: Contract: not compared with the disk for longer than this means stale, in seconds.
STALE_AFTER_S = 600
_MOST_OWED = 8


class Context:
    """What a subagent is given, and what it was made of."""

    __slots__ = ("files", "generation", "state", "text")

    def __init__(self, text: str, state: str, generation: int, files: list[File]) -> None:
        #: The text as injected; empty when there is nothing to say.
        self.text = text
        self.state = state
        self.generation = generation
        #: The files it could name, best first.
        self.files = files

    @property
    def tokens(self) -> int:
        """The size of the text in tokens of 4 characters, rounded up."""
        return -(-len(self.text) // CHARS_A_TOKEN)

    @property
    def paths(self) -> list[str]:
        """The paths of the files, best first."""
        return [file.path for file in self.files]


def context(
    memory: Memory,
    task: str,
    *,
    budget_tokens: int,
    root: str | None = None,
    stale_after_s: int = STALE_AFTER_S,
) -> Context:
    """Return the context for *task*.

    Args:
        memory: An open memory.
        task: What the subagent is asked to do, in any words.
        budget_tokens: Upper bound of the text, in tokens of 4 characters.
        root: The checkout to look for the named files in, where it is not the memory's own: a
            worktree that is served its main checkout's memory. The state is ``dirty`` then.
        stale_after_s: Age in seconds at which a memory that was not compared with the disk
            counts as stale.
    """
    disk = memory.disk(root or memory.root)
    question = Question(task)
    most = most_files(budget_tokens)
    candidates = rank(memory, question, most)
    files = _on_disk(candidates[:most], disk)
    describe(memory, files, question.names, budget_tokens)
    add_tests(memory, files, candidates, budget_tokens, disk.has)
    state = _state(memory, disk, stale_after_s)
    first = header(memory, state)
    owed = _owed_lines(memory)
    room = budget_tokens * CHARS_A_TOKEN - len(block(first, owed)) - 1
    lines = fill(files, room)
    text = block(first, lines + owed) if lines else ""
    return Context(text, state, memory.generation, files)


def _on_disk(candidates: list[Candidate], disk: Disk) -> list[File]:
    looked_at = [(candidate, disk.state_of(candidate)) for candidate in candidates]
    return [File(candidate, state) for candidate, state in looked_at if state != GONE]


def _state(memory: Memory, disk: Disk, stale_after_s: int) -> str:
    return memory.state(stale_after_s) if disk.is_own else "dirty"


def _owed_lines(memory: Memory) -> list[str]:
    owed = [path for (path,) in memory.rows(queries.OWED, (_MOST_OWED,))]
    return ["changed since indexed: " + ", ".join(map(clean, owed))] if owed else []


def project_map(
    memory: Memory,
    *,
    budget_tokens: int,
    root: str | None = None,
    stale_after_s: int = STALE_AFTER_S,
) -> Context:
    """Return a short map of the project, for a subagent whose task is not known.

    Args:
        memory: An open memory.
        budget_tokens: Upper bound of the text, in tokens of 4 characters.
        root: As for `context`; folders that are not there are left out.
        stale_after_s: As for `context`.
    """
    disk = memory.disk(root or memory.root)
    state = _state(memory, disk, stale_after_s)
    found = memory.row(queries.MAP)
    first = header(memory, state)
    room = budget_tokens * CHARS_A_TOKEN - len(block(first, [])) - 1
    lines: list[str] = []
    for line in (found[0] if found else "").splitlines():
        if not disk.has(f"{line.rpartition('/ ')[0]}/"):
            continue
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(clean(line))
    return Context(block(first, lines) if lines else "", state, memory.generation, [])
