"""What the hook costs over HTTP: a real daemon, warm memories, and no prompt asked twice.

Each call of the hook is a recorded document with a prompt of its own. It takes turns with a POST
of the same bytes to the same daemon that does nothing, while workers are idle and while they
rebuild as fast as they can. Recall's processor time is taken within the daemon, of these calls.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import measure, repository, storm, tasks
from tests.benchmarks.closed_loop import Clients, Load, request

_SPAWN = Path(__file__).parents[1] / "fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
_PROBE = Path(__file__).with_name("serve_probe.py")
_HOOK = "/v1/hook/claude-code"
_AT_ONCE = {"TCP": (1, 8, 64), "socket": (1,)}
_TEXTS = 1_000
_WARM_UP = 100
#: Requests of one kind before it is the other's turn, for each connection.
_TURN = 10


@dataclass(slots=True)
class Asked:
    """What calls of one kind took, here and in the daemon."""

    load: Load = field(default_factory=Load)
    server_cpu_ms: float = 0.0
    recalls_ms: list[float] = field(default_factory=list)

    def ms(self, part: float) -> float:
        """Return the latency that a *part* of the calls does not exceed."""
        return measure.quantile(self.load.latencies_ms, part)

    @property
    def a_second(self) -> float:
        """How many were answered a second."""
        return len(self.load.latencies_ms) / self.load.elapsed_s


#: (what goes on, way, at once) → hook, empty.
Results = dict[tuple[str, str, int], tuple[Asked, Asked]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="serve_hook", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 prompts each instead of 10,000")
    parser.add_argument("--prompts", type=int, help="distinct prompts, for each way and number")
    parser.add_argument("--files", type=int, default=1_000, help="of the repository (1000)")
    parser.add_argument("--no-storm", action="store_true", help="idle only; edits nothing")
    options = parser.parse_args(arguments)
    count = options.prompts or (500 if options.quick else 10_000)
    home = measure.kept_home("serve-home")
    for name in ("receipts", "run/spawns"):
        shutil.rmtree(home / name, ignore_errors=True)
    root = repository.checkout(measure.workspace(), options.files)
    measure.rtkq(home, "refresh", "--quiet", str(root))
    documents = _documents(root, tasks.tasks(options.files, min(count, _TEXTS)))
    results: Results = {}
    with _serving(home) as places:
        _measure("idle", places, documents, count, results)
        if not options.no_storm:
            with storm.rebuilds(home, [str(root)]) as paid:
                _measure("rebuilding", places, documents, count, results)
            print(f"\ngenerations published meanwhile: {paid()}")
    _print_calls(results, options.files)
    _print_aims(results)


def _documents(root: Path, texts: Sequence[str]) -> Iterator[bytes]:
    """Yield what the client sends for one spawn after the other, no two alike."""
    for number, text in enumerate(itertools.cycle(texts)):
        document = json.loads(_SPAWN.read_text())
        document |= {"cwd": str(root), "prompt_id": f"prompt-{number}"}
        document["tool_input"]["prompt"] = f"{text}\n\nThis is case {number}."
        document["tool_input"]["subagent_type"] = "general-purpose"
        yield json.dumps(document).encode()


@contextmanager
def _serving(home: Path) -> Iterator[dict[str, str | tuple[str, int]]]:
    """Run the daemon during the block; yields where it listens."""
    command = [sys.executable, str(_PROBE), "serve", "--port", "0"]
    process = subprocess.Popen(
        command,
        env=measure.environment(home) | {"PYTHONPATH": ""},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr as told:
        port = re.search(r":(\d+)/", told.readline())
        path = told.readline().removeprefix("rtkq: serving on ").strip()
        if port is None:
            raise RuntimeError(f"the daemon did not start: {path}{told.read()}")
        yield {"TCP": ("127.0.0.1", int(port[1])), "socket": path}
        process.terminate()


def _measure(
    what: str,
    places: dict[str, str | tuple[str, int]],
    documents: Iterator[bytes],
    count: int,
    results: Results,
) -> None:
    for way, place in places.items():
        for at_once in _AT_ONCE[way]:
            results[what, way, at_once] = _taken(place, at_once, documents, count)


def _taken(
    place: str | tuple[str, int], at_once: int, documents: Iterator[bytes], count: int
) -> tuple[Asked, Asked]:
    clients = Clients(place, at_once)
    hook, empty = Asked(), Asked()
    clients.play([request(_HOOK, body) for body in itertools.islice(documents, _WARM_UP)])
    clients.ask("/spent")
    left = count
    while left:
        bodies = list(itertools.islice(documents, min(left, _TURN * at_once)))
        left -= len(bodies)
        for path, asked in ((_HOOK, hook), ("/empty", empty)):
            asked.load.add(clients.play([request(path, body) for body in bodies]))
            spent = clients.ask("/spent")
            asked.server_cpu_ms += spent["cpu_ms"]
            asked.recalls_ms += spent["recalls_ms"]
    clients.close()
    if len(hook.recalls_ms) != count:
        raise RuntimeError(f"recall was asked {len(hook.recalls_ms)} times, not {count}")
    return hook, empty


def _print_calls(results: Results, files: int) -> None:
    rows = []
    for (what, way, at_once), pair in results.items():
        for name, asked in zip(("hook", "empty"), pair, strict=True):
            calls = len(asked.load.latencies_ms)
            recall = statistics.median(asked.recalls_ms) if asked.recalls_ms else ""
            rows.append(
                (
                    f"{name}, {way}, {at_once} at once, {what}",
                    calls,
                    asked.ms(0.5),
                    asked.ms(0.99),
                    round(asked.a_second),
                    asked.server_cpu_ms / calls,
                    recall,
                    asked.load.client_cpu_ms / calls,
                )
            )
    head = ("call", "n", "p50 ms", "p99 ms", "a second", "cpu ms", "recall cpu ms", "client cpu ms")
    measure.table(f"Hook over HTTP, {files} files", head, rows)


def _print_aims(results: Results) -> None:
    rows = []
    for (what, way, at_once), (hook, empty) in results.items():
        mean_ms = statistics.mean(hook.recalls_ms)
        share = mean_ms * len(hook.recalls_ms) / hook.server_cpu_ms
        name = f"{way}, {at_once} at once, {what}"
        if at_once == 1:
            aim_ms = empty.ms(0.5) + 1.3 * statistics.median(hook.recalls_ms)
            rows.append((name, hook.ms(0.5) / aim_ms, "", "", share))
            continue
        wait = hook.ms(0.99) / (at_once * results[what, way, 1][0].ms(0.5))
        rows.append((name, "", hook.a_second * mean_ms / 1000, wait, share))
    head = (
        "call",
        "p50 ÷ (empty + 1.3 × recall) (≤ 1)",
        "throughput × recall (≥ 0.70)",
        "p99 ÷ (at once × p50 of one) (≤ 1.5)",
        "recall, part of the daemon's cpu",
    )
    measure.table("Hook over HTTP, against its aims", head, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
