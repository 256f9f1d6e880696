"""How long a spawn waits for the hook: the installed command as a whole process.

Compared with the bare interpreter (``-I -S -c pass``), in repositories of several sizes, on an
idle machine and while workers rebuild as fast as they can; then where the time goes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

from rtkq import receipts
from rtkq.agents import AGENTS, Scope, bundle
from rtkq.agents.installer import call_for
from rtkq.config import Settings
from tests.benchmarks import measure, repository, storm, tasks
from tests.benchmarks.measure import Sample

_SIZES = (100, 1_000, 5_000, 50_000)
_QUICK_SIZES = (100, 1_000)
_DOCUMENTS = 40
_PROBE = Path(__file__).with_name("hook_probe.py")

Subjects = Mapping[str, Callable[[], Sample]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="hook_latency", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path, help="checkouts to ask as well")
    parser.add_argument("--quick", action="store_true", help="small repositories, few rounds")
    parser.add_argument("--rounds", type=int, help="samples of each subject (60; 400 in a storm)")
    parser.add_argument("--sizes", type=int, nargs="*", metavar="FILES")
    parser.add_argument("--no-storm", action="store_true", help="idle only; edits nothing")
    options = parser.parse_args(arguments)
    sizes = (_QUICK_SIZES if options.quick else _SIZES) if options.sizes is None else options.sizes
    rounds = options.rounds or (20 if options.quick else 60)
    home = measure.kept_home("hook-home")
    made = {repository.checkout(measure.workspace(), n): tasks.tasks(n, _DOCUMENTS) for n in sizes}
    real = [root.resolve() for root in options.repositories]
    asked = made | {root: tasks.commit_messages(root, _DOCUMENTS) for root in real}
    for root, texts in asked.items():
        measure.rtkq(home, "refresh", "--quiet", str(root))
        _write_documents(home, root, texts)
    subjects = _subjects(home, asked)
    idle = measure.interleaved(subjects, rounds)
    _print_latency("Hook, idle", idle)
    _print_split(home, list(asked)[-1], rounds)
    if made and not options.no_storm:
        with storm.rebuilds(home, [str(root) for root in made]) as paid, _told(home):
            stormy = measure.interleaved(subjects, rounds if options.quick else 4 * rounds)
        _print_latency(f"Hook while workers rebuild ({paid()} generations published)", stormy)
        _print_quotients(idle, stormy)


def _write_documents(home: Path, root: Path, texts: Sequence[str]) -> None:
    for number, task in enumerate(texts):
        spawn = {
            "session_id": "benchmark",
            "prompt_id": f"{root.name}-{number}",
            "tool_use_id": f"toolu_01{number:022}",
            "cwd": str(root),
            "hook_event_name": "PreToolUse",
            "tool_name": "Agent",
            "tool_input": {"description": "task", "prompt": task, "subagent_type": "worker"},
        }
        (home / f"document-{root.name}-{number}.json").write_text(json.dumps(spawn))


def _documents(home: Path, root: Path) -> Iterator[str]:
    return cycle(str(home / f"document-{root.name}-{n}.json") for n in range(_DOCUMENTS))


def interpreter(home: Path) -> str:
    """Return the interpreter that the installed hook starts."""
    script = Path(bundle.command(str(home))).read_text()
    return script.partition("[ -x ")[2].partition(" ]")[0].strip("'")


def _subjects(home: Path, roots: Iterable[Path]) -> Subjects:
    bare = [interpreter(home), "-I", "-S", "-c", "pass"]
    subjects = {"bare interpreter": lambda: measure.process(bare)}
    command = installed(home)
    for root in roots:
        documents = _documents(home, root)
        subjects[f"hook, {root.name}"] = partial(_hook, command, documents)
    return subjects


def installed(home: Path) -> list[str]:
    """Return the command as it stands in the client's settings, started as the client does."""
    call = call_for(AGENTS["claude-code"], Scope.USER, Settings(home=str(home)), "command")
    return ["/bin/sh", "-c", call.command]


def _hook(command: Sequence[str], documents: Iterator[str]) -> Sample:
    return measure.process(command, stdin=next(documents))


def _print_latency(title: str, samples: Mapping[str, list[Sample]]) -> None:
    bare = next(iter(samples.values()))
    rows = []
    for name, taken in samples.items():
        walls, cpus = measure.walls(taken), measure.cpus(taken)
        base, base_cpus = measure.walls(bare), measure.cpus(bare)
        rows.append(
            (
                name,
                measure.median(walls),
                measure.p95(walls),
                measure.median(cpus),
                measure.median(walls) / measure.median(base),
                measure.p95(walls) / measure.p95(base),
                measure.median(cpus) / measure.median(base_cpus),
            )
        )
    head = ("subject", "p50 ms", "p95 ms", "cpu ms", "p50 ÷ bare", "p95 ÷ bare", "cpu ÷ bare")
    measure.table(f"{title}, n = {len(bare)}", head, rows)


def _print_quotients(idle: Mapping[str, list[Sample]], stormy: Mapping[str, list[Sample]]) -> None:
    bare, *hooks = idle
    rows = []
    for name in hooks:
        calm, wild = (
            measure.p95(measure.walls(samples[name])) / measure.p95(measure.walls(samples[bare]))
            for samples in (idle, stormy)
        )
        rows.append((name, calm, wild, wild / calm))
    head = ("subject", "idle p95 ÷ bare", "storm p95 ÷ bare", "quotient (≤ 1.5)")
    measure.table("Storm quotient", head, rows)


@contextmanager
def _told(home: Path) -> Iterator[None]:
    """Print what became of the hook calls within the block, from their receipts."""
    before = _outcomes(home)
    yield
    outcomes = _outcomes(home) - before
    print(f"\noutcomes in the storm: {dict(outcomes)}")


def _outcomes(home: Path) -> Counter[str]:
    files = (home / "receipts").glob("*.log")
    found = [receipt for file in files for receipt in receipts.read(str(file))[0]]
    return Counter(receipt.get("outcome", "torn") for receipt in found)


# -- where the time goes -----------------------------------------------------------------


def _print_split(home: Path, root: Path, rounds: int) -> None:
    _print_layers(home, root, rounds)
    _print_steps(home, root, rounds)


def _print_layers(home: Path, root: Path, rounds: int) -> None:
    """Print whole processes, each doing one thing more than the one before."""
    python = interpreter(home)
    start = command_start(home)
    lean = [python, "-I", "-S", "-X", "utf8"]
    folder = str(Path(start).parent)
    imports = f"import sys; sys.path.insert(0, {folder!r}); import start, posix; posix._exit(0)"
    documents = _documents(home, root)
    layers: Subjects = {
        "bare, -c pass": partial(measure.process, [python, "-I", "-S", "-c", "pass"]),
        "leaving by os._exit": partial(
            measure.process, [*lean, "-c", "import posix; posix._exit(0)"]
        ),
        "+ modules, SQLite among them": partial(measure.process, [*lean, "-c", imports]),
        "+ answering (no shell)": partial(_hook, [*lean, start, "claude-code"], documents),
        "+ /bin/sh: as installed": partial(_hook, installed(home), documents),
    }
    samples = measure.interleaved(layers, rounds)
    rows = []
    before = 0.0
    for name, taken in samples.items():
        wall = measure.median(measure.walls(taken))
        rows.append((name, wall, measure.median(measure.cpus(taken)), wall - before))
        before = wall
    head = ("process", "p50 ms", "cpu ms", "more than the line above, ms")
    measure.table(f"Where the process goes, {root.name}", head, rows)


def command_start(home: Path) -> str:
    """Return the script that the installed hook runs."""
    words = Path(bundle.command(str(home))).read_text().split()
    return next(word for word in words if word.endswith("start.pyc"))


def _print_steps(home: Path, root: Path, rounds: int) -> None:
    """Print the steps within one answer, timed in processes of their own."""
    python, start = interpreter(home), command_start(home)
    documents = _documents(home, root)
    command = [python, "-I", "-S", "-X", "utf8", str(_PROBE), start, f"{home}/hook/settings"]
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        with open(next(documents), "rb") as document:
            printed = subprocess.run(command, stdin=document, capture_output=True, check=True)
        for line in printed.stdout.decode().splitlines():
            name, _, elapsed = line.rpartition("\t")
            found.setdefault(name, []).append(float(elapsed))
    rows = [(name, measure.median(times), measure.p95(times)) for name, times in found.items()]
    head = ("step", "p50 ms", "p95 ms")
    measure.table(
        f"Where the answer goes, {root.name} (indented: part of a later line)", head, rows
    )


if __name__ == "__main__":
    main(sys.argv[1:])
