"""A published memory answers as the one it was published from: same files, scores, shares, text."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkq import paths, recall
from rtkq.recall import explore, layers, queries
from rtkq.team.central import publishing, tables
from rtkq.team.postgres import Postgres
from tests.benchmarks import repository
from tests.integration.generated import STARTS, Generated, changes, drawn
from tests.integration.team import central
from tests.postgres import Server

_THIS = Path(__file__).parents[3]
_FILES = 200
_numbers = itertools.count()

Pair = tuple[recall.Memory, recall.Memory]

#: What people and agents ask, beside what is drawn from the repositories' own words.
_ASKED = (
    "Fix the lease that is lost when a worker is stopped, in store/lease.py",
    "Add a test for Database.atomic and the busy timeout",
    "Document the setting hook.deadline_ms in docs/reference/settings.md",
    "почини очередь: воркер теряет задачу после перезапуска",
    "why does rank() prefer tests?\n\nsee rtkq/recall/rank.py:93",
    "bump pyproject.toml",
    "",
    "\ud800 \x00 'x' \"; DROP TABLE file; -- %s %% {} ?",
)
_OF_GENERATED = (
    "evict_cache in core/a.py",
    "betaGamma",
    "docs of lib",
    "test_a.py",
    "починить очередь",
)


@pytest.fixture(scope="module")
def server(postgres: Server) -> Iterator[Postgres]:
    """A connection that publishes."""
    with Postgres(postgres.database(), is_publishing=True) as made:
        yield made


def published(server: Postgres, home: str, root: str) -> Pair:
    """Build the memory of *root* and publish it: return it as it lies here, and there."""
    local = central.build(home, root)
    remote = f"example.org/{next(_numbers)}"
    publishing.publish(
        server, central.add(server, remote), paths.memory_file(home, root), fence=0, head="c0ffee"
    )
    there = central.opened(server, root, remote)
    there.provenance = ""  # it takes room that files would have had
    return local, there


@pytest.fixture(scope="module", params=["this", "synthetic"])
def pair(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """The memory of a whole repository, on both stores."""
    folder = tmp_path_factory.mktemp("parity")
    root = _THIS if request.param == "this" else repository.checkout(folder, _FILES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTKQ_HOME", str(folder / "home"))
        patch.setenv("RTKQ_CONFIG", str(folder / "config.toml"))
        both = published(server, str(folder / "home"), os.path.realpath(root))
        yield both
    both[0].close()


def told(memory: recall.Memory, task: str, budget_tokens: int) -> tuple[Any, ...]:
    """Return all that a context says for a task, but not where it comes from."""
    found = recall.context(memory, task, budget_tokens=budget_tokens)
    files = [
        (one.path, one.score, one.shares, one.state, one.tests, [d.text() for d in one.definitions])
        for one in found.files
    ]
    return files, found.text.partition("\n")[2]


def words_of(memory: recall.Memory) -> list[str]:
    """Return words that lead somewhere: paths, names of files and of what they define."""
    rows = memory.rows(queries.EVERY_FILE)
    defined = [
        name
        for number, *_ in rows[:: max(1, len(rows) // 60)]
        for _, name, *_ in memory.rows(queries.DEFINITIONS_OF, (number, 8))
    ]
    told_paths = [path for _, path, *_ in rows]
    return sorted({*defined, *told_paths, *(path.rpartition("/")[2] for path in told_paths)})


def test_questions_of_people_are_answered_alike(pair: Pair) -> None:
    """In English and Russian, about tests and documents, about nothing, and hostile ones."""
    local, there = pair

    for task in _ASKED:
        assert told(there, task, 2000) == told(local, task, 2000)


def test_drawn_questions_are_answered_alike(pair: Pair) -> None:
    """Any mixture of the repository's own words and others, at any size."""
    local, there = pair
    own = st.sampled_from(words_of(local))
    other = st.sampled_from(["fix", "the", "why", "fails", "test", "очередь", "кэш", "docs", "in_"])
    mixed = st.lists(own | own | other | st.text(max_size=8), min_size=1, max_size=12)

    @drawn(40)
    @given(task=mixed.map(" ".join), budget_tokens=st.sampled_from([200, 2000, 6000]))
    def ask(task: str, budget_tokens: int) -> None:
        assert told(there, task, budget_tokens) == told(local, task, budget_tokens)

    ask()


@pytest.mark.parametrize("query_type", layers.ROUTES)
@pytest.mark.parametrize("detail", layers.LINES)
def test_layers_are_alike(pair: Pair, query_type: str, detail: str) -> None:
    """Whatever is asked of the whole project."""
    local, there = pair

    assert explore.explore(there, query_type, detail) == explore.explore(local, query_type, detail)


def test_map_is_alike(pair: Pair) -> None:
    """What a subagent is given whose task is not known."""
    mine, theirs = (
        recall.project_map(memory, budget_tokens=600).text.partition("\n")[2] for memory in pair
    )

    assert mine == theirs
    assert len(mine.splitlines()) > 3


class Recorded(recall.Memory):
    """A memory that notes what it is asked."""

    asked: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]]

    def rows(self, query: str, values: tuple[Any, ...] = (), among: Iterable[Any] = ()) -> Any:
        """Return all rows of a *query*."""
        listed = (*among,)
        self.__dict__.setdefault("asked", []).append((query, values, listed))
        return super().rows(query, values, listed)

    def row(self, query: str) -> Any:
        """Return the first row of a *query*, or None."""
        self.__dict__.setdefault("asked", []).append((query, (), ()))
        return super().row(query)


def test_every_statement_of_readers_finds_the_same_rows(pair: Pair) -> None:
    """Each was translated, and none is forgotten here."""
    local, there = pair
    recorded = recall.opened(local.home, local.root, "mode=ro", Recorded)
    for task in (*_ASKED, *words_of(local)[:12]):
        recall.context(recorded, task, budget_tokens=4000)
    for query_type in layers.ROUTES:
        explore.explore(recorded, query_type, "verbose")
    recall.project_map(recorded, budget_tokens=600)
    for query in (queries.TALLY, *queries.OF_THE_WHOLE):
        recorded.row(query)
    recorded.close()

    by_content = {queries.FILES}  # and not by a stat signature, on another machine
    for query, values, among in recorded.asked:
        if query not in tables.UNASKED and query not in by_content:
            rows = local.rows(query, values, among)
            in_order = list if "ORDER BY" in query or query == queries.DEFINITIONS else sorted
            assert in_order(there.rows(query, values, among)) == in_order(rows)
    assert {query for query, *_ in recorded.asked} >= {*queries.ALL} - {queries.OWNER}


@drawn(6)
@given(
    start=STARTS,
    history=st.lists(changes(), max_size=12),
    questions=st.lists(st.sampled_from(_OF_GENERATED), min_size=2, max_size=3),
)
def test_any_project_is_answered_alike(
    server: Postgres, start: str, history: list[Any], questions: list[str]
) -> None:
    """Whatever was done to its files and commits before."""
    project = Generated(start)
    try:
        for change in history:
            project.apply(change)
        local, there = published(server, project.home, project.root)
        for question in questions:
            assert told(there, question, 2000) == told(local, question, 2000)
        local.close()
    finally:
        project.remove()
