"""Looking whether a database is whole disturbs nobody who works with it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from rtkq.store import soundness

WRITE = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
"""


def test_look_drops_no_lock_of_its_own_process(tmp_path: Path) -> None:
    """A watcher looks while another of its threads writes: nobody else may write meanwhile."""
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writing:
        writing.execute("CREATE TABLE kept (number)")
        writing.execute("BEGIN IMMEDIATE")
        assert soundness.damage(str(file)) == ""

        other = subprocess.run([sys.executable, "-c", WRITE, str(file)], capture_output=True)

    assert b"database is locked" in other.stderr
