"""Whatever happens to a project, its memory equals one built from nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rtkq import recall, store
from rtkq_workers import barrier
from rtkq_workers.rebuild import reading, rebuild
from rtkq_workers.watch import flush
from tests.conftest import canonical_rows
from tests.integration.generated import (
    STARTS,
    Change,
    Generated,
    changes,
    close_facts,
    drawn,
    is_there,
)

_TASKS = ("evict_cache in core/a.py", "Touch the SessionStore of part_7", "починить очередь")


def _refresh(home: str, root: str) -> None:
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def _as_the_background_does(home: str, root: str) -> None:
    # What came while the first build was under way is compared after it.
    while flush.rescan(home, root) is None:
        rebuild(home, root)
    rebuild(home, root)


def _sync(home: str, root: str) -> None:
    barrier.sync(home, root, timeout_s=60)


_WAYS: dict[str, Callable[[str, str], None]] = {
    "refresh": _refresh,
    "sync": _sync,
    "background": _as_the_background_does,
}


@drawn(8)
@given(
    start=STARTS,
    batches=st.lists(
        st.tuples(st.lists(changes(), min_size=2, max_size=8), st.sampled_from(sorted(_WAYS))),
        min_size=3,
        max_size=5,
    ),
)
def test_any_history_equals_building_from_nothing(
    start: str, batches: list[tuple[list[Change], str]]
) -> None:
    """After each batch of changes every row, and every answer, is what a full build gives."""
    project = Generated(start)
    try:
        _bring_up(project, "refresh")
        for batch, way in batches:
            for change in batch:
                project.apply(change)
                _assert_nothing_changed_is_called_fresh(project)
            _bring_up(project, way)
            for root in project.roots():
                _assert_equals_building_from_nothing(project, root)
    finally:
        close_facts()
        project.remove()


def _bring_up(project: Generated, way: str) -> None:
    for root in project.roots():
        store.register(project.home, root)
        _WAYS[way](project.home, root)


def _assert_equals_building_from_nothing(project: Generated, root: str) -> None:
    other = f"{project.top}/other"
    shutil.rmtree(other, ignore_errors=True)
    store.register(other, root)
    rebuild(other, root)

    assert canonical_rows(project.home, root) == canonical_rows(other, root)
    for task in _TASKS:
        assert _answer(project.home, root, task) == _answer(other, root, task)


def _answer(home: str, root: str, task: str) -> tuple[str, list[str], list[tuple[str, int, str]]]:
    memory = recall.open_memory(home, root)
    assert memory is not None
    try:
        found = recall.context(memory, task, budget_tokens=1000)
    finally:
        memory.close()
    files = [(one.path, one.score, one.state) for one in found.files]
    assert found.state == "fresh"
    assert {state for _, _, state in files} <= {"fresh"}
    return found.state, found.text.splitlines()[1:], files


def _assert_nothing_changed_is_called_fresh(project: Generated) -> None:
    for root in filter(is_there, project.roots()):
        memory = recall.open_memory(project.home, root)
        if memory is None:
            continue  # a worktree that nobody knows yet
        for task in _TASKS:
            for file in recall.context(memory, task, budget_tokens=1000).files:
                _assert_is_as_told(memory, root, file)
        memory.close()


def _assert_is_as_told(memory: recall.Memory, root: str, file: recall.File) -> None:
    if file.state == "fresh":
        rows = memory.rows("SELECT content FROM file WHERE path = ?", (file.path,))
        assert reading.content_of(root, file.path, {}) == rows[0][0], file.path
