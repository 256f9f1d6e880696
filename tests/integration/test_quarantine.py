"""A file that kills its extractor is left alone after the third time, until it changes."""

from __future__ import annotations

import signal
import subprocess
import sys

from rtkq import store
from rtkq.store import memory as memories
from rtkq_workers import barrier
from tests.conftest import Checkout

#: A worker whose parser dies on one content, as a real one would of exhausted memory.
_DEADLY_WORKER = """
import os, signal, sys
from rtkq_workers import rebuild, reading
extract = reading.extract
def deadly(data, language):
    if b"deadly" in data:
        os.kill(os.getpid(), signal.SIGKILL)
    return extract(data, language)
reading.extract = deadly
rebuild.rebuild(sys.argv[1], sys.argv[2])
"""


def run_worker(home: str, root: str) -> int:
    return subprocess.run([sys.executable, "-c", _DEADLY_WORKER, home, root]).returncode


def skipped(home: str, root: str) -> dict[str, str]:
    with memories.opened(home, root) as memory:
        return dict(memory.connection.execute("SELECT path, skipped FROM file"))


def test_file_that_kills_three_workers_is_skipped_until_it_changes(
    home: str, checkout: Checkout
) -> None:
    """The fourth worker finishes the build without it; a mended file is extracted again."""
    checkout.write("src/bomb.py", "def deadly():\n    pass\n")
    store.register(home, checkout.root)

    deaths = [run_worker(home, checkout.root) for _ in range(4)]

    assert deaths == [-signal.SIGKILL] * 3 + [0]
    assert skipped(home, checkout.root)["src/bomb.py"] == "failed"
    assert skipped(home, checkout.root)["src/session.py"] == ""

    checkout.write("src/bomb.py", "def harmless():\n    pass\n")
    barrier.sync(home, checkout.root, timeout_s=30)

    assert skipped(home, checkout.root)["src/bomb.py"] == ""
