"""The whole way, to look at: a saved file reaches the prompt of the next subagent.

`make demo` runs it. It works in a temporary home and on a copy of this repository, with the real
processes, the staged hook and a spawn as Claude Code sent it. What does not happen as told ends it
with exit code 1.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from rtkq import recall
from rtkq.agents import bundle
from rtkq.config import WatchSettings
from rtkq.recall import queries
from rtkq_workers.processes import heartbeat

REPOSITORY = Path(__file__).parents[2]
RECORDED_SPAWN = REPOSITORY / "tests/fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
TASK = "Find out how a burst of file events becomes a debt, and who pays it."
EDITED = "rtkq/words.py"
SYMBOL = "count_lunar_eclipses"
FUNCTION = f'''

def {SYMBOL}(first_year: int, last_year: int) -> int:
    """Return how often the moon went through the shadow of the earth."""
    return 2 * (last_year - first_year)
'''
NEXT_TASK = "Who knows how often the moon is eclipsed? Find how lunar eclipses are counted."
SHOWN_LINES = 12
SPAWNS = 5
PATIENCE_S = 20.0


class Missed(Exception):
    """Something that the demo promises did not happen."""


class Demo:
    """One performance, in a folder that is thrown away afterwards."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.home = str(folder / "home")
        self.root = str(folder / "rtkq")
        self.log = folder / "up.log"
        self._console = console
        self._steps = 0
        self._up: subprocess.Popen[bytes] | None = None
        own = ("RTKQ_", "GIT_")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(own)}
        self._environment = inherited | {
            "RTKQ_HOME": self.home,
            "RTKQ_CONFIG": str(folder / "config.toml"),
        }

    def play(self) -> None:
        """Perform all of it.

        Raises:
            Missed: It did not go as promised.
        """
        self._print(Text("From a saved file to the next subagent's prompt", style="bold"))
        copy_repository(self.root)
        self.start()
        self.build()
        self.spawn(TASK)
        self.save()
        self.spawn(NEXT_TASK, sought=SYMBOL)
        self.stop()

    # -- the steps -------------------------------------------------------------------------

    def start(self) -> None:
        """Start the watcher and the workers."""
        self._step("Start the watcher and the workers", "rtkq up")
        began = time.perf_counter()
        with self.log.open("wb") as log:
            self._up = subprocess.Popen(
                self._rtkq("up"), env=self._environment, stdout=log, stderr=log
            )
        for kind in ("watch", "worker"):
            self._wait(lambda kind=kind: heartbeat.is_alive(self.home, kind), f"no sign of {kind}")
        self._tell(f"alive after {time.perf_counter() - began:.1f} s")

    def build(self) -> None:
        """Build the memory of the copy, and wait until it is watched."""
        self._step("Build the memory of a copy of this repository", "rtkq refresh")
        began = time.perf_counter()
        # The progress bar goes to stderr, which stays ours.
        self._run("refresh", self.root)
        built_s = time.perf_counter() - began
        files = self._counted("file")
        self._tell(f"{files} files, {self._counted('definition')} definitions, {built_s:.1f} s")
        self._wait(self._is_watched, "the watcher does not watch the copy")

    def spawn(self, task: str, sought: str = "") -> None:
        """Hand the hook a recorded spawn with *task*, and show the context it puts in front."""
        self._step("A subagent is spawned", "rtkq-hook claude-code")
        self._print(Text(f"   task: {task}", style="italic"))
        document = json.loads(RECORDED_SPAWN.read_text())
        document["cwd"] = self.root
        document["tool_input"]["prompt"] = task
        answers = [self._timed_answer(json.dumps(document).encode()) for _ in range(SPAWNS)]
        context = context_in(answers[0][0], task)
        if sought not in context:
            raise Missed(f"{sought} is not in the context")
        self._show(context, sought)
        median_ms = statistics.median(took_ms for _, took_ms in answers)
        self._tell(f"the hook took {median_ms:.0f} ms, process and all (median of {SPAWNS})")

    def save(self) -> None:
        """Save a new function and wait until the memory knows it."""
        self._step(f"A new function is saved to {EDITED}: {SYMBOL}")
        with Path(self.root, EDITED).open("a", encoding="utf-8") as file:
            file.write(FUNCTION)
        saved = time.perf_counter()
        self._wait(self._is_remembered, f"{SYMBOL} did not reach the memory")
        after_ms = (time.perf_counter() - saved) * 1000
        held_ms = WatchSettings().quiet_ms
        self._tell(
            f"in the memory {after_ms:.0f} ms after the save, {held_ms} of them held for more"
        )
        told = self._run("sync", self.root)
        self._tell(f"rtkq sync: {told.rpartition(': ')[2]}")

    def stop(self) -> None:
        """Stop everything, and look whether anything is left."""
        self._step("Stop everything", "kill PID")
        if self._up is None or self._up.poll() is not None:
            raise Missed("rtkq up ended by itself")
        self._up.terminate()
        code = self._up.wait(PATIENCE_S)
        left = processes_of(self.home)
        if code or left:
            raise Missed(f"rtkq up ended with {code} and left the processes {left}")
        self._tell("no process is left")

    def abandon(self) -> None:
        """End what a failed performance left running."""
        if self._up is not None and self._up.poll() is None:
            self._up.terminate()
            self._up.wait(PATIENCE_S)

    # -- what the memory knows -------------------------------------------------------------

    def _is_watched(self) -> bool:
        beat = heartbeat.read(self.home, "watch") or {}
        return bool(beat.get("directories")) and not beat.get("pending")

    def _is_remembered(self) -> bool:
        return bool(self._rows(queries.DEFINERS, SYMBOL, 1))

    def _counted(self, table: str) -> int:
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def _rows(self, query: str, *values: Any) -> Any:
        memory = recall.open_memory(self.home, self.root)
        if memory is None:
            raise Missed("the memory cannot be read")
        try:
            return memory.rows(query, values)
        finally:
            memory.close()

    # -- commands --------------------------------------------------------------------------

    def _rtkq(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "rtkq.cli", *words]

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            self._rtkq(*words), env=self._environment, stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise Missed(f"rtkq {words[0]} ended with {done.returncode}")
        return done.stdout.strip()

    def _timed_answer(self, document: bytes) -> tuple[bytes, float]:
        """Return what the hook prints for *document*, and how long it took in milliseconds."""
        began = time.perf_counter()
        done = subprocess.run(
            [bundle.command(self.home), "claude-code"],
            input=document,
            stdout=subprocess.PIPE,
            env=self._environment,
        )
        return done.stdout, (time.perf_counter() - began) * 1000

    def _wait(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise Missed(f"{complaint}, {PATIENCE_S:.0f} s long")
            time.sleep(0.002)

    # -- what is printed -------------------------------------------------------------------

    def _step(self, title: str, command: str = "") -> None:
        self._steps += 1
        line = Text(f"\n{self._steps}. ", style="bold cyan").append(title, style="bold")
        self._print(line.append(f"  $ {command}" if command else "", style="not bold dim"))

    def _tell(self, text: str) -> None:
        self._print(Text(f"   {text}", style="green"))

    def _show(self, context: str, sought: str) -> None:
        """Print the beginning of *context*, or where it names what was *sought*."""
        lines = context.splitlines()
        at = next((number for number, line in enumerate(lines) if sought in line), 0)
        for line in lines[file_above(lines, at) : at + 1] if at else lines[:SHOWN_LINES]:
            text = Text(line, style="" if line.startswith(" ") else "blue")
            text.highlight_words([sought] if sought else [], "bold reverse")
            self._print(Text.assemble(("   │ ", "dim"), text))
        self._print(Text(f"   │ … {len(lines)} lines in all", style="dim"))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def copy_repository(target: str) -> None:
    """Clone this repository, or copy the tree where there is none to clone."""
    cloned = subprocess.run(
        ["git", "clone", "--quiet", "-c", "advice.detachedHead=false", str(REPOSITORY), target],
        stderr=subprocess.DEVNULL,
    )
    if cloned.returncode:
        unwanted = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__")
        shutil.copytree(REPOSITORY, target, ignore=unwanted)


def context_in(answer: bytes, task: str) -> str:
    """Return the context that the hook's *answer* puts before *task*."""
    if not answer:
        raise Missed("the hook had nothing to say")
    prompt = json.loads(answer)["hookSpecificOutput"]["updatedInput"]["prompt"]
    context, _, rest = prompt.partition(f"{recall.MARKER_END}\n\n")
    if rest != task:
        raise Missed("the task did not arrive as it was sent")
    return str(context) + recall.MARKER_END


def file_above(lines: list[str], at: int) -> int:
    """Return which of the *lines* names the file that the definition in line *at* stands in."""
    return max(number for number in range(at) if not lines[number].startswith(" "))


def processes_of(home: str) -> list[int]:
    """Return the processes that live with *home* in their environment."""
    wanted = f"RTKQ_HOME={home}"
    if not Path("/proc/self/environ").exists():
        listed = subprocess.run(["ps", "-axEww"], stdout=subprocess.PIPE, text=True).stdout
        return [int(line.split()[0]) for line in listed.splitlines() if wanted in line.split()]
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if wanted in os.fsdecode(file.read_bytes()).split("\0"):
                found.append(int(file.parent.name))
    return found


def main() -> int:
    """Perform the demo; return the exit code."""
    console = Console(highlight=False)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rtkq-demo-") as folder:
        demo = Demo(Path(folder).resolve(), console)
        try:
            demo.play()
        except Missed as missed:
            console.print(f"\n[bold red]The demo failed:[/] {missed}", soft_wrap=True)
            console.print(demo.log.read_text() if demo.log.exists() else "", markup=False)
            return 1
        finally:
            demo.abandon()
    console.print(f"\n[bold]Done in {time.perf_counter() - began:.1f} s.[/]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
