"""Sessions that spawn subagents: each spawn a process of the staged hook with its own document."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rtkq.agents import bundle
from tests.benchmarks import hook_latency, measure, repository
from tests.benchmarks.load import projects
from tests.benchmarks.load.record import Points, Record

_RECORDED = Path(__file__).parents[2] / "fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
_BARE_EVERY = 4
_AT_ONCE = 128


class Sessions:
    """SESSIONS sessions in the projects at *roots*; a bare interpreter beside every fourth spawn.

    Args:
        home: ``$RTKQ_HOME``.
        roots: Of the projects; sessions are shared out among them.
        record: Where times are noted.
        now: Seconds since the load began.
        sessions: How many there are.
        seed: Of everything that is left to chance.
    """

    def __init__(
        self,
        home: Path,
        roots: Sequence[Path],
        record: Record,
        now: Callable[[], float],
        *,
        sessions: int,
        seed: int,
    ) -> None:
        self._home = home
        self._roots = roots
        self._record = record
        self._now = now
        self._sessions = sessions
        self._chance = random.Random(seed)
        self._command = [bundle.command(str(home)), "claude-code"]
        self._bare = [hook_latency.interpreter(home), "-I", "-S", "-c", "pass"]
        self._rare = repository.rare_words(projects.FILES * len(roots))
        self.calls = 0

    def poisson(self, rate: float, seconds: float) -> None:
        """Spawn at random instants, *rate* times a second, for so many *seconds*."""
        spawner = ThreadPoolExecutor(_AT_ONCE)
        due = self._now()
        end = due + seconds
        while (due := due + self._chance.expovariate(rate)) < end:
            time.sleep(max(0.0, due - self._now()))
            spawner.submit(self._hook, self._document(), self._record.hooks)
            if self.calls % _BARE_EVERY == 0:
                spawner.submit(self._timed, self._bare, "/dev/null", self._record.bare)
        spawner.shutdown()

    def burst(self, count: int) -> None:
        """Spawn *count* at once."""
        found: Points = []
        documents = [self._document() for _ in range(count)]
        with ThreadPoolExecutor(count) as spawner:
            for document in documents:
                spawner.submit(self._hook, document, found)
        self._record.burst = [took_ms for _, took_ms in found]

    def _document(self) -> Path:
        session = self._chance.randrange(self._sessions)
        number = session % len(self._roots)
        document = json.loads(_RECORDED.read_text())
        document |= {"session_id": f"session-{session}", "prompt_id": f"prompt-{self.calls}"}
        document["cwd"] = str(self._roots[number])
        words = " ".join(self._chance.sample(projects.topic(number, self._rare), 6))
        document["tool_input"]["prompt"] = f"Find out why {words} fails (case {self.calls})."
        file = self._home / "documents" / f"{self.calls}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(document))
        self.calls += 1
        return file

    def _hook(self, document: Path, found: Points) -> None:
        self._timed(self._command, str(document), found)
        document.unlink()

    def _timed(self, command: list[str], stdin: str, found: Points) -> None:
        at = self._now()
        try:
            found.append((at, measure.process(command, stdin=stdin).wall_ms))
        except (OSError, RuntimeError):
            self._record.failed += 1
