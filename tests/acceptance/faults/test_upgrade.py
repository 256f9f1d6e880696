"""A home of another version of rtkq, with jobs still queued, is taken over without a loss."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from rtkq import jobs, paths
from rtkq.schema.facts import FACTS
from rtkq.schema.memory import MEMORY

from .conftest import DEADLINE_S, Machine, until

_BEFORE_THE_LAST = FACTS.version - 1


def older_facts(machine: Machine) -> None:
    """Write the facts as the version before this one did."""
    for file in Path(paths.facts_folder(machine.home)).glob("*.db"):
        with closing(sqlite3.connect(file)) as facts, facts:
            facts.execute("DROP TABLE fact")
            for statement in chain.from_iterable(FACTS.migrations[:_BEFORE_THE_LAST]):
                facts.execute(statement)
            facts.execute(f"PRAGMA user_version = {_BEFORE_THE_LAST}")


def older_recipe(machine: Machine) -> None:
    """Let the memory be computed by what an older version made of the same files."""
    with closing(sqlite3.connect(paths.memory_file(machine.home, machine.root))) as memory, memory:
        memory.execute("UPDATE meta SET recipe = 'of old'")
        memory.execute("UPDATE part SET text = 'as it was told of old'")


def newer_memory(machine: Machine) -> None:
    """Let the memory be of a version that this one does not know, as after a downgrade."""
    with closing(sqlite3.connect(paths.memory_file(machine.home, machine.root))) as memory, memory:
        memory.execute(f"PRAGMA user_version = {MEMORY.version + 1}")


@pytest.fixture
def owing(machine: Machine) -> Machine:
    """A machine on which a change is owed and its job is queued, beside one of an old name."""
    machine.checkout.write("src/late.py", "def known_after_the_upgrade():\n    return 1\n")
    machine.owe()
    assert jobs.depth(machine.home) == 1
    with closing(sqlite3.connect(paths.queue_file(machine.home))) as queue, queue:
        (known,) = queue.execute("SELECT data FROM task").fetchone()
        of_old = bytes(known).replace(b"rtkq.jobs", b"rtkq.olds")
        queue.execute("INSERT INTO task (queue, data, priority) VALUES ('rtkq', ?, 99)", (of_old,))
    return machine


@pytest.mark.parametrize("other", [older_facts, older_recipe, newer_memory])
def test_home_of_another_version_is_taken_over(owing: Machine, other: object) -> None:
    """What is owed is paid, and the memory is what this version computes."""
    assert callable(other)
    other(owing)
    assert owing.status()["project"] == owing.root
    if other is newer_memory:
        assert "cannot be used" in owing.doctor()["memory"]["detail"]
        assert owing.hook() == ""

    up = owing.up()
    until(lambda: owing.knows("known_after_the_upgrade"))
    until(lambda: jobs.depth(owing.home) == 0)
    owing.assert_as_from_nothing()
    up.send_signal(signal.SIGTERM)
    assert up.wait(DEADLINE_S) == 0
    assert {owing.doctor()[one]["result"] for one in ("memory", "facts", "queue")} == {"ok"}
    assert os.listdir(paths.checkout(owing.home, owing.root)).count("memory") == 1
