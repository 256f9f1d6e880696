"""Readers and writers at the same moment: a spawn must not miss its context for a save."""

from __future__ import annotations

import subprocess
import sys

from rtkq import recall, store
from rtkq_workers.rebuild import rebuild

#: Each mark opens the memory and, being the last to leave, locks it while it tidies up.
WRITER = """\
import sys
from rtkq import store
for number in range(40):
    store.mark(*sys.argv[1:], [f"file{number}"])
"""


def test_reader_is_served_while_writers_come_and_go(home: str, checkout) -> None:
    """A memory that exists can be read at any moment."""
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, home, checkout.root])

    missed = 0
    while writer.poll() is None:
        memory = recall.open_memory(home, checkout.root)
        if memory is None:
            missed += 1
        else:
            memory.close()

    assert (writer.returncode, missed) == (0, 0)
