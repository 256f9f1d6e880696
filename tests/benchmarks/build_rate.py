"""What a first build costs: files and megabytes a processor second, git and all processes summed.

Also when the first stage can be served, how large the index is beside its source, what a second
worktree of the repository costs, and how much memory the build took at most.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtkq import paths, recall
from rtkq.records import Stage
from tests.benchmarks import measure, repository

_SIZES = (1_000, 10_000)
_QUICK_SIZES = (500,)
_OURS = Path(__file__).parents[2]
_POLL_S = 0.002
#: Worktrees of each repository; the cheapest counts.
_TWINS = 3
_TICK_S = 0.01
_RATE_HEAD = (
    *("repository", "files", "MB", "cpu s", "files ÷ cpu s (≥ 150)", "MB ÷ cpu s (≥ 2)"),
    *("wall s", "first stage s (≤ 5)", "second worktree, × cheaper (≥ 10)", "peak MB"),
)
SIZE_HEAD = (
    *("repository", "source MB", "memory MB", "facts MB", "index ÷ source (≤ 2)", "languages"),
)


@dataclass(frozen=True, slots=True)
class Build:
    """One run of ``rtkq refresh``."""

    cpu_s: float
    wall_s: float
    #: From the start of the process to a memory that a hook can be answered from, in seconds.
    first_stage_s: float
    #: Largest resident size; Linux never tells less than that of the process that started it.
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Contents:
    """What the memory of a checkout holds."""

    files: int
    #: Files whose text is searched, and their size.
    searched: int
    source_bytes: int
    languages: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="build_rate", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="git checkouts; left untouched")
    parser.add_argument("--quick", action="store_true", help="one small repository")
    parser.add_argument("--rounds", type=int, default=1, help="builds of each; the median counts")
    options = parser.parse_args(arguments)
    sizes = _QUICK_SIZES if options.quick else _SIZES
    roots = [root.resolve() for root in options.repositories] or [
        *(repository.checkout(measure.workspace(), files) for files in sizes),
        _OURS,
    ]
    idle_cpu_s = _refresh_of_nothing()
    rows, sizes_rows = [], []
    for root in roots:
        rate, size = _measured(root, options.rounds)
        rows.append(rate)
        sizes_rows.append(size)
    title = f"First build (start-up alone: {idle_cpu_s:.2f} cpu s, included)"
    measure.table(title, _RATE_HEAD, rows)
    measure.table("Size of the index", SIZE_HEAD, sizes_rows)


def _refresh_of_nothing() -> float:
    """Return the processor seconds of a refresh that finds nothing to do."""
    root = repository.checkout(measure.workspace(), 1)
    home = measure.kept_home("rate-home-nothing")
    measure.rtkq(home, "refresh", "--quiet", str(root))
    return measure.rtkq(home, "refresh", "--quiet", str(root)).cpu_ms / 1000


def _measured(original: Path, rounds: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    home, root = measure.workspace() / "rate-home", measure.workspace() / "rate-clone"
    shutil.rmtree(root, ignore_errors=True)
    # Of a clone: adding a worktree writes into the repository.
    subprocess.run(["git", "clone", "-q", "--shared", str(original), str(root)], check=True)
    builds = []
    for _ in range(rounds):
        shutil.rmtree(home, ignore_errors=True)
        builds.append(_built(home, root))
    build = sorted(builds, key=lambda one: one.cpu_s)[len(builds) // 2]
    contents = _contents(home, root)
    megabytes = contents.source_bytes / 1e6
    size = size_row(home, root, original.name)
    rate = (
        *(original.name, f"{contents.searched:,} of {contents.files:,}", megabytes, build.cpu_s),
        *(contents.searched / build.cpu_s, megabytes / build.cpu_s, build.wall_s),
        *(build.first_stage_s, _times_cheaper(home, root, build), build.peak_mb),
    )
    return rate, size


def size_row(home: Path, root: Path, name: str) -> tuple[object, ...]:
    """Return the values for ``SIZE_HEAD``: of a home that knows the checkout at *root* alone."""
    contents = _contents(home, root)
    megabytes = contents.source_bytes / 1e6
    memory_mb, facts_mb = _memory_mb(home, root), _folder_mb(Path(paths.facts_folder(str(home))))
    share = (memory_mb + facts_mb) / megabytes
    return name, megabytes, memory_mb, facts_mb, share, contents.languages


def _built(home: Path, root: Path) -> Build:
    command = [sys.executable, "-m", "rtkq.cli", "refresh", "--quiet", str(root)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=measure.environment(home))
    first_stage_s = 0.0
    while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        if not first_stage_s and _can_serve(home, root):
            first_stage_s = time.perf_counter() - began
        time.sleep(_POLL_S)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise RuntimeError(f"building {root} failed")
    wall_s = time.perf_counter() - began
    usage = ended[2]
    return Build(
        usage.ru_utime + usage.ru_stime, wall_s, first_stage_s or wall_s, usage.ru_maxrss / 1024
    )


def _can_serve(home: Path, root: Path) -> bool:
    memory = recall.open_memory(str(home), str(root))
    if memory is None:
        return False
    stage = memory.stage
    memory.close()
    return str(stage) != Stage.EMPTY


def _times_cheaper(home: Path, root: Path, build: Build) -> float:
    """Return by how much a new worktree of the same commit is cheaper, start-up left out."""
    twin = measure.workspace() / "rate-twin"
    git = ["git", "-C", str(root), "worktree"]
    cheap_s, idle_s = [], []
    for _ in range(_TWINS):
        shutil.rmtree(twin, ignore_errors=True)
        subprocess.run([*git, "add", "-q", "-f", "--detach", str(twin)], check=True)
        cheap_s.append(measure.rtkq(home, "refresh", "--quiet", str(twin)).cpu_ms / 1000)
        idle_s.append(_refresh_of_nothing())
        measure.rtkq(home, "clear", str(twin))
    shutil.rmtree(twin)
    # The least of each: what the neighbours add is more than what is measured.
    idle = min(idle_s)
    return (build.cpu_s - idle) / max(_TICK_S, min(cheap_s) - idle)


def _contents(home: Path, root: Path) -> Contents:
    connection = sqlite3.connect(paths.memory_file(str(home), str(root)))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (files,) = connection.execute("SELECT count(*) FROM file").fetchone()
    rows = connection.execute(
        "SELECT language, count(*), sum(size) FROM file"
        " WHERE language != '' AND skipped = '' GROUP BY language ORDER BY sum(size) DESC"
    ).fetchall()
    connection.close()
    largest = ", ".join(f"{language or 'text'} {count}" for language, count, _ in rows[:4])
    return Contents(files, sum(row[1] for row in rows), sum(row[2] for row in rows), largest)


def _memory_mb(home: Path, root: Path) -> float:
    return _folder_mb(Path(paths.memory_file(str(home), str(root))).parent.resolve())


def _folder_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
