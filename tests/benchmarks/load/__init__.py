"""Many sessions and many projects on one machine, with everything running.

A real ``rtkq up`` watches PROJECTS checkouts. SESSIONS sessions spawn subagents at random instants
(Poisson), each spawn a process of the staged hook with a recorded document and a prompt of its own;
every fourth time a bare interpreter runs beside it. Meanwhile files are saved in one project after
the other, and how long each memory takes to hold them is measured: first in peace, then while
thousands of files of one project are rewritten without pause. At the end comes a burst of spawns
at once.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks import measure, tree
from tests.benchmarks.load import picture, projects, report, storm
from tests.benchmarks.load.record import Record
from tests.benchmarks.load.sampler import Sampler
from tests.benchmarks.load.saves import Saves
from tests.benchmarks.load.spawns import Sessions

#: Saves a second: one in each project in each half, if that is not too many.
_MOST_SAVES, _LEAST_SAVES = 5.0, 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Play and print."""
    options = _options(arguments)
    roots = projects.make(options.projects, options.repositories, storm_files=options.storm_files)
    home = measure.workspace() / "load-home"
    shutil.rmtree(home, ignore_errors=True)
    record = Record()
    began = time.monotonic()
    with tree.up(home, roots) as pid:
        _wait_until_fresh(home, roots)
        built_s = time.monotonic() - began
        before, started = tree.cpu_s(pid), time.monotonic()
        calls = _play(home, roots, record, pid, options)
        elapsed_s = time.monotonic() - started
        after = tree.cpu_s(pid)
        ended = time.monotonic()
        _wait_until_fresh(home, roots)
        calm_s = time.monotonic() - ended
    shares = {
        name: 100 * (spent - before.get(name, 0.0)) / elapsed_s for name, spent in after.items()
    }
    report.show(record, options, home, calls, built_s=built_s, calm_s=calm_s, shares=shares)
    if options.picture:
        options.picture.write_text(picture.svg(record))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="checkouts to copy as well")
    parser.add_argument("--quick", action="store_true", help="10 sessions and projects for 20 s")
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--projects", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0, help="spawns a second")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--burst", type=int, default=64, help="spawns at once at the end")
    parser.add_argument("--storm-files", type=int, default=3000, help="files the storm rewrites")
    parser.add_argument("--storm-rate", type=float, default=300.0, help="its writes a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path, help="write an SVG there")
    options = parser.parse_args(arguments)
    options.sessions = options.sessions or (10 if options.quick else 1000)
    options.projects = options.projects or options.sessions
    options.rate = options.rate or (5.0 if options.quick else 20.0)
    options.seconds = options.seconds or (20.0 if options.quick else 600.0)
    return options


def _play(
    home: Path, roots: Sequence[Path], record: Record, pid: int, options: argparse.Namespace
) -> int:
    """Play everything at once; return how many subagents were spawned."""
    began = time.monotonic()
    is_over, is_storm = threading.Event(), threading.Event()

    def now() -> float:
        return time.monotonic() - began

    sessions = Sessions(home, roots, record, now, sessions=options.sessions, seed=options.seed)
    others = [number for number in range(len(roots)) if number != projects.STORMY]
    saves = Saves(home, roots, record, now, numbers=others, seed=options.seed)
    sampler = Sampler(home, roots, record, now, pid)
    rate = min(_MOST_SAVES, max(_LEAST_SAVES, len(others) / (options.seconds / 2)))
    with _threads(
        partial(saves.go_on, 1 / rate, is_storm, is_over),
        partial(sampler.go_on, is_over),
    ):
        try:
            sessions.poisson(options.rate, options.seconds / 2)
            with _storm(roots[projects.STORMY], record, now, options):
                is_storm.set()
                sessions.poisson(options.rate, options.seconds / 2)
                sessions.burst(options.burst)
        finally:
            is_over.set()
    return sessions.calls


@contextmanager
def _storm(
    root: Path, record: Record, now: Callable[[], float], options: argparse.Namespace
) -> Iterator[None]:
    """Let the storm blow during the block, and note what it did."""
    record.storm_at = now()
    with storm.blowing(root, options.storm_files, options.storm_rate) as written:
        yield
        record.storm_s = now() - record.storm_at
    record.storm_writes = written[0]


@contextmanager
def _threads(*bodies: Callable[[], None]) -> Iterator[None]:
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def _wait_until_fresh(home: Path, roots: Sequence[Path]) -> None:
    tree.wait_until(lambda: all(projects.is_fresh(home, root) for root in roots), "all to be fresh")


if __name__ == "__main__":
    main(sys.argv[1:])
