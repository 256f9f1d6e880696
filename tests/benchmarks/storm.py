"""A rebuild storm: workers that never run out of work while something else is measured."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtkq import jobs, recall, store
from tests.benchmarks import measure

_EDIT_EVERY_S = 0.02
_WISH_EVERY = 25  # edits between two wishes for a rebuild from nothing


@contextmanager
def rebuilds(home: Path, roots: Sequence[str]) -> Iterator[Callable[[], int]]:
    """Keep a worker on every processor busy with the checkouts at *roots* during the block.

    Files change without pause, and every now and then all of a checkout is wished anew.

    Yields:
        A function that returns how many generations were published so far.
    """
    before = _generations(home, roots)
    pool = ["-m", "rtkq.cli", "worker", "--quiet", "--workers", str(os.cpu_count() or 1)]
    workers = subprocess.Popen([sys.executable, *pool], env=measure.environment(home))
    is_over = threading.Event()
    editor = threading.Thread(target=_edit, args=(str(home), roots, is_over))
    editor.start()
    try:
        yield lambda: _generations(home, roots) - before
    finally:
        is_over.set()
        editor.join()
        workers.send_signal(signal.SIGTERM)
        workers.wait()


def _edit(home: str, roots: Sequence[str], is_over: threading.Event) -> None:
    chooser = random.Random("storm")
    known = {root: sorted(store.known_files(home, root) or ()) for root in roots}
    turn = 0
    while not is_over.wait(_EDIT_EVERY_S):
        turn += 1
        root = chooser.choice(roots)
        path = chooser.choice(known[root])
        with open(os.path.join(root, path), "a") as file:
            file.write("\n")
        store.mark(home, root, [path], is_full=turn % _WISH_EVERY == 0)
        jobs.nudge(home, root)


def _generations(home: Path, roots: Sequence[str]) -> int:
    memories = [recall.open_memory(str(home), root) for root in roots]
    return sum(memory.generation for memory in memories if memory)
