"""Whether a context names what a task needs: tasks of real commits, answers from their changes.

COMMITS is a file of JSON lines. Each has ``id``, ``repo`` (owner/name), ``snapshot`` (the commit
whose files are indexed, older than the change), the task as ``raw`` and as ``stripped`` of paths,
``gold`` (the sources that the change touched) and ``gold_symbols`` (path → definitions touched).
Below TREES lies a clone of each snapshot, without newer history: ``owner+name/<10 digits of it>``.

Memories are built by the worker's own code in a home that is gone afterwards. Figures are averages
over the tasks of a repository, then over repositories, so that each counts the same.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from rtkq import recall, store
from rtkq.recall import Memory
from rtkq_workers import barrier
from tests.benchmarks import measure

_RUSSIAN = Path(__file__).with_name("russian_tasks.jsonl")
_NAME = re.compile(r"[\w$]+")
_QUICK_TASKS = 5
_RANKS = (1, 5, 10)
_FILES_AT = 1000
_SYMBOLS_AT = (2000, 4000)
_HEAD = (
    "tasks",
    *(f"R@{rank}" for rank in _RANKS),
    *(f"symbols in {tokens}" for tokens in _SYMBOLS_AT),
    f"files in {_FILES_AT}",
    "median named",
)


@dataclass(frozen=True, slots=True)
class Task:
    """One commit: its message in several wordings, and what it changed."""

    id: str
    repository: str
    snapshot: str
    #: Variant → text.
    texts: Mapping[str, str]
    files: frozenset[str]
    #: (path, name).
    symbols: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Score:
    """How much of what a task needed was found, each from 0 to 1."""

    repository: str
    #: In the order of _RANKS.
    recall: tuple[float, ...]
    #: In the order of _SYMBOLS_AT; None where the change lies outside of all definitions.
    symbols: tuple[float, ...] | None
    files: float
    #: Number of paths in the small context.
    named: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="locate", description=__doc__)
    parser.add_argument("commits", type=Path, metavar="COMMITS")
    parser.add_argument("trees", type=Path, metavar="TREES")
    help_quick = f"the first {_QUICK_TASKS} tasks of each snapshot only"
    parser.add_argument("--quick", action="store_true", help=help_quick)
    options = parser.parse_args(arguments)
    scores: dict[str, list[Score]] = {}
    with tempfile.TemporaryDirectory(prefix="rtkq-locate-") as home:
        for tasks in _by_snapshot(_read(options.commits)):
            asked = tasks[:_QUICK_TASKS] if options.quick else tasks
            for variant, score in _scores(home, options.trees, asked):
                scores.setdefault(variant, []).append(score)
    for variant, found in scores.items():
        measure.table(f"Named for a task: {variant}", ("repository", *_HEAD), list(_rows(found)))


def _read(commits: Path) -> Iterator[Task]:
    russian = {row["id"]: row["task"] for row in _lines(_RUSSIAN)}
    for row in _lines(commits):
        texts = {"paths taken out": row["stripped"], "whole text": row["raw"]}
        if row["id"] in russian:
            texts |= {"in Russian": russian[row["id"]], "the same in English": row["stripped"]}
        pairs = ((path, name) for path, names in row["gold_symbols"].items() for name in names)
        yield Task(
            row["id"],
            row["repo"],
            row["snapshot"],
            texts,
            frozenset(row["gold"]),
            frozenset(pairs),
        )


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        yield from map(json.loads, lines)


def _by_snapshot(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    def place(task: Task) -> tuple[str, str]:
        return task.repository, task.snapshot

    for _, found in groupby(sorted(tasks, key=place), key=place):
        yield list(found)


def _scores(home: str, trees: Path, tasks: Sequence[Task]) -> Iterator[tuple[str, Score]]:
    first = tasks[0]
    root = str((trees / first.repository.replace("/", "+") / first.snapshot[:10]).resolve())
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)
    memory = recall.open_memory(home, root)
    if memory is None:
        raise RuntimeError(f"{root} has no memory that can be read")
    for task in tasks:
        for variant, text in task.texts.items():
            yield variant, _score(memory, task, text)
    memory.close()


def _score(memory: Memory, task: Task, text: str) -> Score:
    def ask(tokens: int) -> recall.Context:
        return recall.context(memory, text, budget_tokens=tokens)

    ranked = ask(max(_SYMBOLS_AT)).paths
    small = _tokens(ask(_FILES_AT).text)
    return Score(
        task.repository,
        tuple(_share(task.files, set(ranked[:rank]).__contains__) for rank in _RANKS),
        tuple(_symbols(task, ask(tokens).text) for tokens in _SYMBOLS_AT) if task.symbols else None,
        _share(task.files, small.__contains__),
        sum(Path(memory.root, token).is_file() for token in small),
    )


def _symbols(task: Task, text: str) -> float:
    """Return the share of symbols that *text* names together with their file."""
    paths, names = _tokens(text), set(_NAME.findall(text))
    return _share(task.symbols, lambda pair: pair[0] in paths and pair[1] in names)


def _tokens(text: str) -> set[str]:
    return {token.rstrip(",") for token in text.split()}


def _share(wanted: frozenset[Any], is_found: Callable[[Any], bool]) -> float:
    return sum(map(is_found, wanted)) / len(wanted)


def _rows(scores: Sequence[Score]) -> Iterator[tuple[object, ...]]:
    averages = []
    for repository in sorted({score.repository for score in scores}):
        found = [score for score in scores if score.repository == repository]
        averages.append(_average(found))
        yield repository, len(found), *_cells(averages[-1]), _median_named(found)
    overall = [statistics.mean(column) for column in zip(*averages, strict=True)]
    yield "all", len(scores), *_cells(overall), _median_named(scores)


def _average(scores: Sequence[Score]) -> list[float]:
    recalls = zip(*(score.recall for score in scores), strict=True)
    symbols = zip(*(score.symbols for score in scores if score.symbols), strict=True)
    files = [score.files for score in scores]
    return [statistics.mean(column) for column in (*recalls, *symbols, files)]


def _median_named(scores: Sequence[Score]) -> float:
    return statistics.median(score.named for score in scores)


def _cells(shares: Iterable[float]) -> Iterator[str]:
    return (f"{share:.3f}" for share in shares)


if __name__ == "__main__":
    main(sys.argv[1:])
