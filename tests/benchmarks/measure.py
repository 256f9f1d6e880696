"""What the benchmarks share: samples of processes, interleaving, tables, a place for big things.

Machines differ and are never quiet, so what counts are ratios: the subjects take turns, round
after round, and share whatever the neighbours do meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtkq.build.recipe import RECIPE
from rtkq.schema.memory import MEMORY


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run took: elapsed time, and the processor time of it and of what it waited for."""

    wall_ms: float
    cpu_ms: float


def process(
    command: Sequence[str],
    *,
    stdin: str = os.devnull,
    environment: Mapping[str, str] | None = None,
) -> Sample:
    """Run a command from start to end, as an agent runs its hooks; its output goes nowhere.

    Raises:
        RuntimeError: It did not exit with 0.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    variables = os.environ if environment is None else environment
    started_ns = time.perf_counter_ns()
    child = os.posix_spawn(command[0], list(command), variables, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall_ms = (time.perf_counter_ns() - started_ns) / 1e6
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return Sample(wall_ms, (usage.ru_utime + usage.ru_stime) * 1000)


def rtkq(home: Path, *words: str) -> Sample:
    """Run one command of rtkq on a home of its own."""
    command = [sys.executable, "-m", "rtkq.cli", *words]
    return process(command, environment=environment(home))


def environment(home: Path) -> dict[str, str]:
    """Return the variables under which rtkq uses *home* and no configuration of the user."""
    own = {"RTKQ_HOME": str(home), "RTKQ_CONFIG": str(home / "no-config.toml")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RTKQ_")}
    return kept | own


def interleaved(
    subjects: Mapping[str, Callable[[], Sample]], rounds: int
) -> dict[str, list[Sample]]:
    """Sample each subject once a round, so that all of them meet the same noise."""
    samples: dict[str, list[Sample]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, take in subjects.items():
            samples[name].append(take())
    return samples


def median(values: Sequence[float]) -> float:
    """Return the median of *values*."""
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 % of *values* do not exceed."""
    return sorted(values)[min(len(values) - 1, round(0.95 * len(values)))]


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that a *part* of *values*, from 0 to 1, does not exceed."""
    return sorted(values)[min(len(values) - 1, round(part * len(values)))]


def walls(samples: Sequence[Sample]) -> list[float]:
    """Return the elapsed times, in milliseconds."""
    return [sample.wall_ms for sample in samples]


def cpus(samples: Sequence[Sample]) -> list[float]:
    """Return the processor times, in milliseconds."""
    return [sample.cpu_ms for sample in samples]


def ratio(samples: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios round by round: a burst of noise hits both of a pair."""
    return median([one / other for one, other in zip(samples, base, strict=True)])


def workspace() -> Path:
    """Return a folder for repositories and homes that are kept from one run to the next."""
    folder = Path(tempfile.gettempdir(), f"rtkq-benchmarks-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def kept_home(name: str) -> Path:
    """Return a home of rtkq that is kept until memories are laid out or computed otherwise."""
    layout = f"{MEMORY.migrations} {RECIPE}".encode()
    home = workspace() / f"{name}-{hashlib.sha256(layout).hexdigest()[:8]}"
    for other in workspace().glob(f"{name}-????????"):
        if other != home:
            shutil.rmtree(other)
    home.mkdir(exist_ok=True)
    return home


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table as Markdown, with the machine it was measured on above it."""
    print(f"\n### {title}\n\n{machine()}\n")
    print("| " + " | ".join(head) + " |")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |")
    sys.stdout.flush()


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def machine() -> str:
    """Return what the numbers depend on: processors, interpreter, load."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()} {platform.release()}, load {load:.1f}"
    )
