"""The layers of a project as text, without a task: what lies ready is read and cut, no more.

Only the layers a kind of question is given are read, and of each only the first lines: files that
commits touched most and last come first.
"""

from __future__ import annotations

from rtkq.recall import layers, queries
from rtkq.recall.layout import ROLE_SOURCE, ROLE_TEST
from rtkq.recall.render import CHARS_A_TOKEN, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rtkq.recall.memory import Memory

_MOST_OWED = 1000


def explore(
    memory: Memory, query_type: str, detail: str, *, budget_tokens: int | None = None
) -> dict[str, str]:
    """Return the layers that a question of this kind is given: name → text.

    Args:
        memory: An open memory.
        query_type: One of ``layers.ROUTES``.
        detail: One of ``layers.LINES``: how many lines a layer may have.
        budget_tokens: Upper bound of all texts together, in tokens of 4 characters. Layers share
            it evenly; what one leaves over is the next one's.
    """
    numbers = layers.ROUTES[query_type]
    most = layers.LINES[detail]
    found = {layers.NAMES[number]: _lines(memory, number, most)[:most] for number in numbers}
    if budget_tokens is not None:
        found = _within(found, budget_tokens * CHARS_A_TOKEN)
    return {name: "\n".join(lines) for name, lines in found.items()}


def _within(found: dict[str, list[str]], room_chars: int) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    for name, lines in found.items():
        share = room_chars // (len(found) - len(kept))
        kept[name] = []
        for line in lines:
            share -= len(line) + 1
            if share < 0:
                break
            kept[name].append(line)
            room_chars -= len(line) + 1
    return kept


def _lines(memory: Memory, number: int, most: int) -> list[str]:
    if number == layers.PROJECT_MAP:
        return _project_map(memory, most // 3)
    if number == layers.CHANGE_DIGEST:
        return _owed(memory) + _ready(memory, number)
    if number == layers.DEP_MANIFEST:
        return _told(memory.rows(queries.PARTS_BY_PLACE, (number, most)), most)
    role = ROLE_TEST if number == layers.TEST_MAP else ROLE_SOURCE
    rows = memory.rows(queries.PARTS_BY_HEAT, (number, role, most))
    return _told(rows, layers.lines_a_file(most))


def _project_map(memory: Memory, most: int) -> list[str]:
    entries = _told(memory.rows(queries.PARTS_BY_PLACE, (layers.PROJECT_MAP, most)), 1)
    hot = [clean(path) for (path,) in memory.rows(queries.HOT, (most,))]
    tree = _ready(memory, layers.PROJECT_MAP)
    sections = (("entry points", entries), ("hot files", hot), ("tree", tree))
    return [
        line
        for name, lines in sections
        if lines
        for line in (name, *("  " + line for line in lines[: most - 1]))
    ]


def _ready(memory: Memory, number: int) -> list[str]:
    found = memory.rows(queries.LAYER, (layers.NAMES[number],))
    return [clean(line) for (text,) in found for line in text.splitlines()]


def _owed(memory: Memory) -> list[str]:
    owed = memory.rows(queries.OWED, (_MOST_OWED,))
    return [f"changed since indexed: {clean(path)}" for (path,) in owed]


def _told(rows: Iterable[tuple[str, str]], most_lines: int) -> list[str]:
    """Return what is said of each file: beside its path if that is one line, else below it."""
    lines: list[str] = []
    for path, text in rows:
        said = [clean(line) for line in text.split("\n")[:most_lines]]
        if len(said) == 1:
            lines.append(f"{clean(path)}: {said[0]}")
        else:
            lines += [clean(path), *("  " + line for line in said)]
    return lines
