"""The processor time of recall alone: one task in, one context out, in this process.

Warm: the connection stays open and words are known, as in a daemon. Cold: the memory is opened
for each task and every word is cut anew, as in the hook. The work should not grow with the
repository: each size is also given as a quotient over 1,000 files, of the same run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

from rtkq import recall, words
from rtkq.recall import Memory
from tests.benchmarks import measure, repository, tasks
from tests.benchmarks.measure import Sample

_SIZES = (100, 1_000, 5_000, 50_000)
_QUICK_SIZES = (100, 1_000)
#: The size that the others are compared with.
_BASE = "synthetic-1000"
_TASKS = 200
_BUDGET_TOKENS = 2_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="recall_cpu", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="checkouts to ask as well")
    parser.add_argument("--quick", action="store_true", help="small repositories only")
    parser.add_argument("--sizes", type=int, nargs="*", metavar="FILES")
    parser.add_argument("--rounds", type=int, default=2, help=f"times {_TASKS} tasks (2)")
    options = parser.parse_args(arguments)
    home = measure.kept_home("hook-home")
    sizes = options.sizes if options.sizes is not None else None
    asked: dict[Path, list[str]] = {}
    for files in (_QUICK_SIZES if options.quick else _SIZES) if sizes is None else sizes:
        asked[repository.checkout(measure.workspace(), files)] = tasks.tasks(files, _TASKS)
    for root in options.repositories:
        asked[root.resolve()] = tasks.commit_messages(root, _TASKS)
    for root in asked:
        measure.rtkq(home, "refresh", "--quiet", str(root))
    subjects: dict[str, Callable[[], Sample]] = {}
    for root, texts in asked.items():
        subjects[f"{root.name}, warm"] = partial(_warm, _opened(home, root), cycle(texts))
        subjects[f"{root.name}, cold"] = partial(_cold, home, root, cycle(texts))
    _print(home, measure.interleaved(subjects, options.rounds * _TASKS), asked)


def _opened(home: Path, root: Path) -> Memory:
    memory = recall.open_memory(str(home), str(root))
    if memory is None:
        raise RuntimeError(f"{root} has no memory that can be read")
    return memory


def _warm(memory: Memory, texts: Iterator[str]) -> Sample:
    text = next(texts)
    return _timed(lambda: recall.context(memory, text, budget_tokens=_BUDGET_TOKENS))


def _cold(home: Path, root: Path, texts: Iterator[str]) -> Sample:
    text = next(texts)
    words._cache.clear()

    def ask() -> None:
        memory = _opened(home, root)
        recall.context(memory, text, budget_tokens=_BUDGET_TOKENS)
        memory.close()

    return _timed(ask)


def _timed(ask: Callable[[], object]) -> Sample:
    began_ns, began_cpu_ns = time.perf_counter_ns(), time.process_time_ns()
    ask()
    cpu_ms = (time.process_time_ns() - began_cpu_ns) / 1e6
    return Sample((time.perf_counter_ns() - began_ns) / 1e6, cpu_ms)


def _print(
    home: Path, samples: Mapping[str, list[Sample]], asked: Mapping[Path, list[str]]
) -> None:
    answered = {root.name: _answered(_opened(home, root), texts) for root, texts in asked.items()}
    rows = []
    for name, taken in samples.items():
        cpus = measure.cpus(taken)
        share = answered[name.partition(",")[0]]
        middle, grown = measure.median(cpus), _grown(samples, name)
        rows.append((name, middle, measure.p95(cpus), max(cpus), grown, f"{share:.0%}"))
    head = ("recall", "cpu p50 ms", "p95 ms", "max ms", "p50 ÷ 1,000 files", "with an answer")
    measure.table(f"Recall, {_BUDGET_TOKENS} tokens", head, rows)


def _grown(samples: Mapping[str, list[Sample]], name: str) -> float | str:
    """Return a subject's median over that of 1,000 files, equally warm; nothing without them."""
    base = samples.get(f"{_BASE},{name.partition(',')[2]}")
    if base is None:
        return ""
    return measure.median(measure.cpus(samples[name])) / measure.median(measure.cpus(base))


def _answered(memory: Memory, texts: Sequence[str]) -> float:
    contexts = [recall.context(memory, text, budget_tokens=_BUDGET_TOKENS) for text in texts]
    return sum(bool(context.text) for context in contexts) / len(texts)


if __name__ == "__main__":
    main(sys.argv[1:])
