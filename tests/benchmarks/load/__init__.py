"""Many sessions and many projects on one machine, with everything running.

A real ``rtkq up`` watches PROJECTS checkouts. SESSIONS sessions spawn subagents at random instants
(Poisson), each spawn a process of the staged hook with a recorded document and a prompt of its own;
every fourth time a bare interpreter runs beside it. Meanwhile files are saved here and there, and
how long the memory takes to hold them is measured: first in peace, then while one project is
rewritten without pause. At the end comes a burst of spawns at once.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rtkq import jobs, recall, receipts, store
from rtkq.agents import bundle
from tests.benchmarks import hook_latency, load_picture, measure, repository, save_to_fresh, tree

_SPAWN = Path(__file__).parents[1] / "fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
_FILES = 8
_PROJECTS_A_CONTENT = 4
_BARE_EVERY = 4
_SAVE_EVERY_S = 0.5
_LONGEST_SAVE_S = 30.0
_STORM_EVERY_S = 0.05
_STORM_FILES = 40
_SAMPLE_EVERY_S = 2.0
_AT_ONCE = 128


@dataclass(slots=True)
class Record:
    """What was seen; instants in seconds since the load began, times in milliseconds."""

    hooks: list[tuple[float, float]] = field(default_factory=list)
    bare: list[tuple[float, float]] = field(default_factory=list)
    burst: list[float] = field(default_factory=list)
    #: Save until the memory held it, in peace and in the storm.
    saves: dict[str, list[float]] = field(default_factory=lambda: {"peace": [], "storm": []})
    missed: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    #: (instant, nudges that wait, PSS in MB, projects that owe)
    samples: list[tuple[float, int, float, int]] = field(default_factory=list)


class Stage:
    """The projects, the home, and what is played on them."""

    def __init__(self, home: Path, roots: Sequence[Path], options: argparse.Namespace) -> None:
        self.home = home
        self.roots = roots
        self.record = Record()
        self._options = options
        self._chance = random.Random(options.seed)
        self._command = [bundle.command(str(home)), "claude-code"]
        self._bare = [hook_latency.interpreter(home), "-I", "-S", "-c", "pass"]
        self._rare = repository.rare_words(_FILES * len(roots))
        self._began = time.monotonic()
        self.calls = 0

    def now(self) -> float:
        """Return the seconds since the load began."""
        return time.monotonic() - self._began

    def poisson(self) -> None:
        """Spawn at the rate that was asked for, for as long."""
        spawner = ThreadPoolExecutor(_AT_ONCE)
        due = self.now()
        end = due + self._options.seconds
        while (due := due + self._chance.expovariate(self._options.rate)) < end:
            time.sleep(max(0.0, due - self.now()))
            spawner.submit(self._hook, self._document(), self.record.hooks)
            if self.calls % _BARE_EVERY == 0:
                spawner.submit(self._timed, self._bare, "/dev/null", self.record.bare)
        spawner.shutdown()

    def burst(self, count: int) -> None:
        """Spawn *count* at once."""
        found: list[tuple[float, float]] = []
        documents = [self._document() for _ in range(count)]
        with ThreadPoolExecutor(count) as spawner:
            for document in documents:
                spawner.submit(self._hook, document, found)
        self.record.burst = [took_ms for _, took_ms in found]

    def _document(self) -> Path:
        session = self._chance.randrange(self._options.sessions)
        root = self.roots[session % len(self.roots)]
        topic = repository.topic_of(session % len(self.roots) // _PROJECTS_A_CONTENT, self._rare)
        document = json.loads(_SPAWN.read_text())
        document |= {"session_id": f"session-{session}", "prompt_id": f"prompt-{self.calls}"}
        document["cwd"] = str(root)
        words = " ".join(self._chance.sample(topic, 6))
        document["tool_input"]["prompt"] = f"Find out why {words} fails (case {self.calls})."
        file = self.home / "documents" / f"{self.calls}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(document))
        self.calls += 1
        return file

    def _hook(self, document: Path, found: list[tuple[float, float]]) -> None:
        self._timed(self._command, str(document), found)
        document.unlink()

    def _timed(self, command: list[str], stdin: str, found: list[tuple[float, float]]) -> None:
        at = self.now()
        try:
            found.append((at, measure.process(command, stdin=stdin).wall_ms))
        except (OSError, RuntimeError):
            self.record.failed += 1

    # -- beside the spawns -----------------------------------------------------------------

    def save_here_and_there(self, is_over: threading.Event, is_storm: threading.Event) -> None:
        """Save a new definition somewhere, wait until the memory holds it, and again."""
        chance = random.Random(f"saves {self._options.seed}")
        number = 0
        while not is_over.wait(chance.uniform(0, 2 * _SAVE_EVERY_S)):
            number += 1
            root = chance.choice(self.roots[1:])
            when = "storm" if is_storm.is_set() else "peace"
            took_ms = self._saved(root, f"LoadProbe{time.time_ns()}x{number}")
            if took_ms is None:
                self.record.missed[when] += 1
            else:
                self.record.saves[when].append(took_ms)

    def _saved(self, root: Path, name: str) -> float | None:
        reader = save_to_fresh.Reader(self.home, root)
        (root / "probe.py").write_text(f"def {name}(token):\n    return token\n")
        saved = time.monotonic()
        while not reader.has("SELECT 1 FROM definition WHERE name = ?", name):
            if time.monotonic() > saved + _LONGEST_SAVE_S:
                return None
            time.sleep(0.01)
        return (time.monotonic() - saved) * 1000

    def storm(self, is_over: threading.Event) -> None:
        """Rewrite many files of the first project without pause."""
        folder = self.roots[0] / "storm"
        folder.mkdir(exist_ok=True)
        turn = 0
        while not is_over.wait(_STORM_EVERY_S):
            turn += 1
            for number in range(_STORM_FILES):
                text = f"def stormy_{turn}_{number}(value):\n    return value\n" * 20
                (folder / f"part{number}.py").write_text(text)

    def sample(self, is_over: threading.Event, pid: int) -> None:
        """Look at the queue, the memory and the debts from time to time."""
        while not is_over.wait(_SAMPLE_EVERY_S):
            with store.Registry(str(self.home)) as registry:
                owing = len(registry.owing(time.time()))
            try:
                size = sum(tree.pss_mb(pid).values())
            except (OSError, StopIteration):
                continue  # a process ended while it was looked at
            self.record.samples.append((self.now(), jobs.depth(str(self.home)), size, owing))


def main(arguments: Sequence[str] | None = None) -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="checkouts to copy as well")
    parser.add_argument("--quick", action="store_true", help="10 sessions and projects for 20 s")
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--projects", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0, help="spawns a second")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--burst", type=int, default=64, help="spawns at once at the end")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path, help="write an SVG there")
    options = parser.parse_args(arguments)
    options.sessions = options.sessions or (10 if options.quick else 1000)
    options.projects = options.projects or options.sessions
    options.rate = options.rate or (5.0 if options.quick else 20.0)
    options.seconds = options.seconds or (20.0 if options.quick else 600.0)
    roots = _projects(options.projects, options.repositories)
    home = measure.workspace() / "load-home"
    shutil.rmtree(home, ignore_errors=True)
    began = time.monotonic()
    with tree.up(home, roots) as pid:
        tree.wait_until(lambda: all(_is_fresh(home, root) for root in roots), "first builds")
        built_s = time.monotonic() - began
        stage = Stage(home, roots, options)
        before, started = tree.cpu_s(pid), time.monotonic()
        _play(stage, pid, options)
        elapsed_s = time.monotonic() - started
        after = tree.cpu_s(pid)
        ended = time.monotonic()
        tree.wait_until(lambda: all(_is_fresh(home, root) for root in roots), "all to be fresh")
        calm_s = time.monotonic() - ended
    shares = {
        name: 100 * (spent - before.get(name, 0.0)) / elapsed_s for name, spent in after.items()
    }
    _print(stage, options, built_s, calm_s, shares)
    if options.picture:
        options.picture.write_text(load_picture.svg(stage.record))


def _play(stage: Stage, pid: int, options: argparse.Namespace) -> None:
    is_over, is_storm = threading.Event(), threading.Event()
    half = threading.Timer(options.seconds / 2, is_storm.set)

    def storm() -> None:
        while not is_over.is_set():
            if is_storm.wait(0.1):
                stage.storm(is_over)

    with _threads(
        partial(stage.save_here_and_there, is_over, is_storm),
        storm,
        partial(stage.sample, is_over, pid),
    ):
        half.start()
        try:
            stage.poisson()
            stage.burst(options.burst)
        finally:
            half.cancel()
            is_over.set()


@contextmanager
def _threads(*bodies: Callable[[], None]) -> Iterator[None]:
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def _projects(count: int, real: Sequence[Path]) -> list[Path]:
    """Return *count* small checkouts, four of each content, and copies of *real* ones."""
    top = measure.workspace() / "load-projects"
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir()
    rare = repository.rare_words(_FILES * count)
    roots = [top / f"real-{root.name}" for root in real]
    for source, root in zip(real, roots, strict=True):
        shutil.copytree(source, root, symlinks=True)
    for number in range(count - len(real)):
        root = top / f"p{number}"
        first = top / f"p{number - number % _PROJECTS_A_CONTENT}"
        if root == first:
            _create(root, number // _PROJECTS_A_CONTENT, rare)
        else:
            shutil.copytree(first, root)
        roots.append(root.resolve())
    return roots


def _create(root: Path, content: int, rare: list[str]) -> None:
    for path, text in repository.files_of(content, _FILES, rare):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", f"Add content {content}"]):
        subprocess.run(["git", "-C", str(root), *identity, *words], check=True)


def _is_fresh(home: Path, root: Path) -> bool:
    memory = recall.open_memory(str(home), str(root))
    if memory is None:
        return False
    state = memory.state(3600)
    memory.close()
    return state == "fresh"


def _print(
    stage: Stage,
    options: argparse.Namespace,
    built_s: float,
    calm_s: float,
    shares: dict[str, float],
) -> None:
    record = stage.record
    title = (
        f"{options.sessions} sessions, {options.projects} projects, {options.rate:g} spawns a"
        f" second for {options.seconds:.0f} s, then {options.burst} at once"
    )
    bare = [took_ms for _, took_ms in record.bare]
    times = {
        "bare interpreter": bare,
        "hook": [took_ms for _, took_ms in record.hooks],
        f"hook, {options.burst} at once": record.burst,
        "save → fresh, in peace": record.saves["peace"],
        "save → fresh, beside a storm": record.saves["storm"],
    }
    rows = [
        (name, len(found), *(measure.quantile(found, part) for part in (0.5, 0.95, 0.99)))
        for name, found in times.items()
        if found
    ]
    measure.table(title, ("ms", "n", "p50", "p95", "p99"), rows)
    outcomes = _outcomes(stage.home)
    depths = [depth for _, depth, _, _ in record.samples] or [0]
    sizes = [size for _, _, size, _ in record.samples] or [0.0]
    owing = [count for *_, count in record.samples] or [0]
    facts = [
        ("spawns", stage.calls),
        ("receipts", sum(outcomes.values())),
        *((f"… {outcome}", count) for outcome, count in outcomes.most_common()),
        ("hook processes that failed", record.failed),
        (
            "saves not fresh after 30 s, peace / storm",
            f"{record.missed['peace']} / {record.missed['storm']}",
        ),
        ("first builds of all projects, s", built_s),
        ("all fresh again after the load, s", calm_s),
        ("nudges that wait, median / most", f"{measure.median(depths):.0f} / {max(depths)}"),
        ("projects that owe, median / most", f"{measure.median(owing):.0f} / {max(owing)}"),
        (
            "PSS of all processes, MB, first / most / last",
            f"{sizes[0]:.0f} / {max(sizes):.0f} / {sizes[-1]:.0f}",
        ),
        *((f"{name}, % of a core", share) for name, share in sorted(shares.items())),
    ]
    measure.table("What became of it", ("what", "value"), facts)


def _outcomes(home: Path) -> Counter[str]:
    files = (home / "receipts").glob("*.log")
    found = [receipt for file in files for receipt in receipts.read(str(file))[0]]
    return Counter(receipt.get("outcome", "torn") for receipt in found)


if __name__ == "__main__":
    main(sys.argv[1:])
