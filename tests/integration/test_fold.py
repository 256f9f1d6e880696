"""Every receipt is counted once, however often and wherever the counting is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtkq import paths, receipts, schema
from rtkq.answers import metrics
from rtkq.config import Settings
from rtkq.schema.metrics import METRICS
from rtkq.store.metrics import opened
from rtkq_workers.chores.fold import fold

_WRITERS = 50
_EACH = 2_000
_WRITE = """
import sys
from rtkq import receipts
for number in range(int(sys.argv[2])):
    receipt = receipts.Receipt("claude-code")
    receipt.event, receipt.type, receipt.outcome = "PreToolUse", "general-purpose", "injected"
    receipt.root, receipt.state, receipt.context_chars = "/src/shop", "fresh", 40
    receipt.paths = ["src/session.py"]
    receipts.write(sys.argv[1], receipt)
"""
_FOLD = """
import sys
from rtkq_workers.chores.fold import fold
while True:
    fold(sys.argv[1])
"""


def write(home: str, outcome: str = "injected", **told: object) -> None:
    """Write one receipt as the hook does."""
    Path(home).mkdir(exist_ok=True)
    receipt = receipts.Receipt("claude-code")
    receipt.event, receipt.type, receipt.outcome = "PreToolUse", "explore", outcome
    for name, value in told.items():
        setattr(receipt, name, value)
    receipts.write(home, receipt)


def counted(home: str) -> dict[str, object]:
    """Return what `rtkq metrics` says."""
    return metrics.summary(Settings(home=home), time.time() - 3600)


def test_counts_are_exact_while_the_counting_is_killed_again_and_again(home: str) -> None:
    """100,000 receipts of 50 processes, and a SIGKILL every half a second or so."""
    os.makedirs(home)
    writers = [
        subprocess.Popen([sys.executable, "-S", "-c", _WRITE, home, str(_EACH)], env=_environment())
        for _ in range(_WRITERS)
    ]
    kills = 0
    while any(writer.poll() is None for writer in writers):
        folding = subprocess.Popen([sys.executable, "-c", _FOLD, home])
        with pytest.raises(subprocess.TimeoutExpired):
            folding.wait(0.25 + 0.1 * (kills % 4))
        folding.send_signal(signal.SIGKILL)
        folding.wait()
        kills += 1
    fold(home)

    found = counted(home)
    assert {writer.returncode for writer in writers} == {0}
    assert kills > 1
    assert found["calls"] == found["injected"] == _WRITERS * _EACH
    assert found["injected_tokens"] == _WRITERS * _EACH * 10
    assert found["receipts"] == {"torn": 0, "dropped": 0}


def _environment() -> dict[str, str]:
    folders = [str(Path(receipts.__file__).parents[1])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(folders)}


def test_counting_that_is_killed_before_its_commit_counts_nothing_twice(home: str) -> None:
    """The place in the file and the counts are one transaction."""
    write(home)
    command = [sys.executable, "-c", _FOLD, home]

    killed = subprocess.run(command, check=False, env=os.environ | {"RTKQ_FAILPOINT": "fold"})
    fold(home)
    fold(home)

    assert killed.returncode == -signal.SIGKILL
    assert counted(home)["calls"] == 1


def test_receipts_that_are_not_folded_yet_are_counted_too(home: str) -> None:
    """The numbers are those of this moment, with or without a worker."""
    write(home)
    fold(home)
    write(home, "missing")

    found = counted(home)

    assert (found["spawns"], found["injected"]) == (2, 1)
    assert found["outcomes"] == {"injected": 1, "missing": 1}


def test_torn_receipts_are_counted_as_torn(home: str) -> None:
    """A full disk cut a line; those around it count."""
    write(home)
    (file,) = Path(paths.receipts_folder(home)).glob("*.log")
    with file.open("ab") as stream:
        stream.write(b"312\tat=17\n")
    write(home)

    fold(home)

    assert counted(home)["receipts"] == {"torn": 1, "dropped": 0}
    assert counted(home)["injected"] == 2


def test_lines_that_are_being_written_are_left_for_the_next_time(home: str) -> None:
    """Half a line is no receipt yet."""
    write(home)
    (file,) = Path(paths.receipts_folder(home)).glob("*.log")
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:30])

    fold(home)
    before = counted(home)
    file.write_bytes(whole + whole)
    fold(home)

    assert before["calls"] == 1
    assert counted(home)["calls"] == 2
    assert counted(home)["receipts"] == {"torn": 0, "dropped": 0}


def test_last_contexts_are_kept_with_their_paths(home: str) -> None:
    """For the page that shows what was given; never the text of a prompt."""
    write(home, root="/src/shop", paths=["a.py", "b.py"], state="fresh", context_chars=81)
    fold(home)

    (last,) = counted(home)["last"]

    assert (last["project"], last["paths"], last["tokens"]) == ("/src/shop", ["a.py", "b.py"], 21)


def test_only_what_was_given_counts_as_injected_tokens(home: str) -> None:
    """Not a context that was there already, nor one that its client did not pass on."""
    for outcome in ("injected", "marked", "unheard"):
        write(home, outcome, context_chars=400)
    fold(home)

    found = counted(home)

    assert found["injected_tokens"] == 100
    assert (found["spawns"], found["injected"]) == (3, 2)


def test_contexts_of_an_older_version_are_kept(home: str) -> None:
    """They lack what is noted since."""
    os.makedirs(home)
    database = sqlite3.connect(paths.metrics_file(home))
    for statement in METRICS.migrations[0]:
        database.execute(statement)
    database.execute(
        "INSERT INTO given VALUES (1, 9, '/src', 'codex', '', 'mapped', '', 1, 4, 5, 0, '')"
    )
    database.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    database.execute("PRAGMA user_version = 1")
    database.commit()
    database.close()

    with opened(home) as stored:
        (context,) = stored.contexts(5)

    assert (context.at, context.root, context.link) == (9, "/src", "")


def test_damaged_metrics_are_set_aside(home: str) -> None:
    """Counts are not worth a stop."""
    write(home)
    fold(home)
    Path(paths.metrics_file(home)).write_bytes(b"noise" * 4096)

    write(home)
    fold(home)

    assert counted(home)["calls"] == 2
    assert os.path.exists(f"{paths.metrics_file(home)}.damaged")


def test_old_counts_are_forgotten(home: str) -> None:
    """Those of the hours before an instant."""
    write(home)
    fold(home)

    with opened(home) as stored:
        stored.prune(time.time() + 7200)

    assert counted(home)["calls"] == 0
