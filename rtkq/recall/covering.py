"""Which tests cover the files of a context, from edges that lie ready."""

from __future__ import annotations

from rtkq.recall import layout, queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkq.recall.memory import Memory
    from rtkq.recall.rank import Candidate
    from rtkq.recall.render import File

#: One file in so many tokens is told its tests, and so many of them.
_TOKENS_A_FILE = 400
_TESTS_A_FILE = 2
#: A file with more tests than this is told only those that match the task: which of the others
#: come first would be chance.
_MOST_TESTS = 32


def add_tests(
    memory: Memory,
    files: list[File],
    candidates: list[Candidate],
    budget_tokens: int,
    is_there: Callable[[str], bool],
) -> None:
    """Tell the best files which tests cover them.

    Args:
        memory: An open memory.
        files: The files of a context, best first.
        candidates: All that match the task, best first: tests among them are told first.
        budget_tokens: Size of the context in tokens of 4 characters.
        is_there: Tells whether a path exists on the disk.
    """
    matching = {one.file: one.path for one in candidates if one.role == layout.ROLE_TEST}
    covered = set(memory.rows(queries.COVERED, among=matching))
    for file in files[: budget_tokens // _TOKENS_A_FILE]:
        told = [path for test, path in matching.items() if (test, file.number) in covered]
        if len(told) < _TESTS_A_FILE:
            told += [path for path in _all_tests(memory, file) if path not in told]
        file.tests = list(filter(is_there, told[:_TESTS_A_FILE]))


def _all_tests(memory: Memory, file: File) -> list[str]:
    """Return the tests of *file*, those named after it first; none where they are too many."""
    rows = memory.rows(queries.TESTS_OF, (file.number, _MOST_TESTS + 1))
    if len(rows) > _MOST_TESTS:
        return []
    stem = _name(file.path).partition(".")[0]
    paths = [path for (path,) in rows]
    return sorted(paths, key=lambda path: (stem not in _name(path), len(path), path))


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()
