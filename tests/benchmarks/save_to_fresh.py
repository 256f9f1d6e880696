"""How long after a save the memory holds it, and what waiting for saves costs.

With ``rtkq up`` running, a definition with a name of its own is appended to a file; a reader asks
for that name every millisecond. The quiet time that ends a burst is part of the promise, so it is
shown apart. Then the tree is left alone, and its processor time and memory are read.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtkq import paths, recall
from rtkq.config import Settings
from tests.benchmarks import measure, repository, tree

_SIZES = (1_000, 10_000)
_QUICK_SIZES = (200,)
_POLL_S = 0.001
_LONGEST_S = 30.0
_DEFINITIONS = {
    ".py": "\n\ndef {name}(token):\n    return token\n",
    ".ts": "\nexport function {name}(token: string) {{ return token; }}\n",
    ".go": "\nfunc {name}(token string) string {{ return token }}\n",
    ".rs": "\npub fn {name}(token: u32) -> u32 {{ token }}\n",
}


@dataclass(frozen=True, slots=True)
class Save:
    """One save: when, after close(), its debt was first seen and when the memory held it."""

    owed_ms: float
    fresh_ms: float


class Reader:
    """A connection to the current memory, which may be swapped for another at any time."""

    def __init__(self, home: Path, root: Path) -> None:
        self._link = os.path.dirname(paths.memory_file(str(home), str(root)))
        self._target = ""
        self._connection = sqlite3.connect(":memory:")

    def has(self, query: str, *values: str) -> bool:
        """Return whether *query* finds anything in the memory as it is now."""
        target = os.readlink(self._link)
        if target != self._target:
            file = os.path.join(os.path.dirname(self._link), target, "memory.db")
            self._connection.close()
            self._connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
            self._target = target
        return self._connection.execute(query, values).fetchone() is not None

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="save_to_fresh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small repository, 20 saves")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="FILES")
    parser.add_argument("--saves", type=int)
    options = parser.parse_args(arguments)
    sizes = options.sizes or (_QUICK_SIZES if options.quick else _SIZES)
    for files in sizes:
        saves = options.saves or (20 if options.quick else 100)
        _measure(files, saves, idle_s=5 if options.quick else 30)


def _measure(files: int, saves: int, *, idle_s: float) -> None:
    root = repository.checkout(measure.workspace(), files)
    # A new home, so that the processes measured are those that did the first build.
    home = measure.workspace() / "save-home"
    shutil.rmtree(home, ignore_errors=True)
    with tree.up(home, [root]) as pid:
        tree.wait_until(lambda: _is_fresh(home, root), f"{root} to be fresh")
        _print_saves(files, _measured(home, root, saves))
        _print_rest(files, pid, idle_s=idle_s)


def _is_fresh(home: Path, root: Path) -> bool:
    memory = recall.open_memory(str(home), str(root))
    return memory is not None and memory.state(3600) == "fresh"


def _measured(home: Path, root: Path, saves: int) -> list[Save]:
    chooser = random.Random("saves")
    reader = Reader(home, root)
    files = sorted(file for file in root.rglob("*.*") if file.suffix in _DEFINITIONS)
    time.sleep(2.0)  # the watcher's look at everything when it starts is not a save's business
    found = []
    for number in range(saves):
        time.sleep(chooser.uniform(0.05, 0.4))
        # The process id makes each run's definitions new ones.
        name = f"Probe{os.getpid()}x{number}"
        found.append(_saved(reader, root, chooser.choice(files), name))
    return found


def _saved(reader: Reader, root: Path, file: Path, name: str) -> Save:
    with open(file, "a") as stream:
        stream.write(_DEFINITIONS[file.suffix].format(name=name))
    closed = time.perf_counter()
    path = file.relative_to(root).as_posix()
    owed_ms = 0.0
    while not reader.has("SELECT 1 FROM definition WHERE name = ?", name):
        elapsed_ms = (time.perf_counter() - closed) * 1000
        if not owed_ms and reader.has("SELECT 1 FROM debt WHERE path = ?", path):
            owed_ms = elapsed_ms
        if elapsed_ms > _LONGEST_S * 1000:
            raise TimeoutError(f"{path} was not indexed within {_LONGEST_S} s")
        time.sleep(_POLL_S)
    return Save(owed_ms, (time.perf_counter() - closed) * 1000)


def _print_saves(files: int, saves: Sequence[Save]) -> None:
    quiet_ms = Settings("").watch.quiet_ms
    fresh = [save.fresh_ms for save in saves]
    owed = [save.owed_ms for save in saves if save.owed_ms]
    paid = [save.fresh_ms - save.owed_ms for save in saves if save.owed_ms]
    lines = {
        "save → memory holds it": fresh,
        f"the same less {quiet_ms} ms of quiet (≤ 300, ≤ 1,000)": [ms - quiet_ms for ms in fresh],
        "save → debt written": owed,
        "debt written → memory holds it": paid,
    }
    rows = [
        (name, measure.median(times), measure.p95(times), max(times))
        for name, times in lines.items()
    ]
    head = ("ms", "p50", "p95", "max")
    measure.table(f"Save to fresh, {files:,} files, {len(saves)} saves", head, rows)


def _print_rest(files: int, pid: int, *, idle_s: float) -> None:
    time.sleep(idle_s)
    before, began = tree.cpu_s(pid), time.monotonic()
    time.sleep(idle_s)
    elapsed_s = time.monotonic() - began
    after, sizes = tree.cpu_s(pid), tree.pss_mb(pid)
    rows = [
        (command, 100 * (after[command] - before.get(command, 0.0)) / elapsed_s, sizes[command])
        for command in sorted(sizes)
    ]
    total = ("together", sum(row[1] for row in rows), sum(sizes.values()))
    head = ("command", "% of a core", "PSS MB")
    title = f"Left alone for {2 * idle_s:.0f} s, {files:,} files"
    measure.table(title, head, [*rows, total])


if __name__ == "__main__":
    main(sys.argv[1:])
