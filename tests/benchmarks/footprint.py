"""What runs while nothing happens takes, and what lies on the disk.

``rtkq up`` watches many small projects and builds their memories, of files in five languages. A
while after that the memory its processes hold is read, then their processor time over a minute in
which nobody touches anything. What REPOSITORIES take on the disk is measured in homes of their own.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks import build_rate, measure, repository, tree
from tests.benchmarks.load import projects

_PROJECTS = 100
_QUICK_PROJECTS = 10
#: Longer than the process that extracts waits for more.
_REST_S = 60.0
_QUICK_REST_S = 5.0
#: What is always there; the HTTP daemon can be left out, and ``up`` itself is there for a terminal.
_NEEDED = ("watch", "worker")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="footprint", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="git checkouts; left untouched")
    parser.add_argument("--quick", action="store_true", help="few projects, a short rest")
    options = parser.parse_args(arguments)
    count = _QUICK_PROJECTS if options.quick else _PROJECTS
    _print_rest(count, _QUICK_REST_S if options.quick else _REST_S)
    roots = [root.resolve() for root in options.repositories]
    _print_sizes(roots or [repository.checkout(measure.workspace(), 500)])


def _print_rest(count: int, rest_s: float) -> None:
    roots = projects.make(count, (), storm_files=1)
    home = measure.workspace() / "footprint-home"
    # A new home, so that the processes measured are those that did the first builds.
    shutil.rmtree(home, ignore_errors=True)
    with tree.up(home, roots) as pid:
        tree.wait_until(
            lambda: all(projects.is_fresh(home, root) for root in roots), "first builds"
        )
        time.sleep(rest_s)
        sizes = tree.pss_mb(pid)
        shares = _shares(pid, rest_s)
    rows = [(command, shares.get(command, 0.0), sizes[command]) for command in sorted(sizes)]
    needed = [row for row in rows if row[0] in _NEEDED]
    totals = [("watch and worker (≤ 1 %, ≤ 150 MB)", *_sums(needed)), ("together", *_sums(rows))]
    title = f"Left alone with {count} projects, {rest_s:.0f} s after their first builds"
    measure.table(title, ("command", "% of a core", "PSS MB"), [*rows, *totals])


def _shares(pid: int, during_s: float) -> dict[str, float]:
    """Return the processor time of each command in percent of a core."""
    before, began = tree.cpu_s(pid), time.monotonic()
    time.sleep(during_s)
    after, elapsed_s = tree.cpu_s(pid), time.monotonic() - began
    return {
        command: 100 * (spent - before.get(command, 0.0)) / elapsed_s
        for command, spent in after.items()
    }


def _sums(rows: Iterable[tuple[str, float, float]]) -> tuple[float, float]:
    known = list(rows)
    return sum(row[1] for row in known), sum(row[2] for row in known)


def _print_sizes(roots: Iterable[Path]) -> None:
    rows = []
    for root in roots:
        home = measure.workspace() / "footprint-index"
        shutil.rmtree(home, ignore_errors=True)
        measure.rtkq(home, "refresh", "--quiet", str(root))
        rows.append(build_rate.size_row(home, root, root.name))
    measure.table("Size of the index", build_rate.SIZE_HEAD, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
