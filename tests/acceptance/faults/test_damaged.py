"""Files that are cut off, overwritten or deleted while everything runs are made good by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rtkq import config, paths
from rtkq_workers import run

from .conftest import Done, Machine, frozen, until

SIDES = ("", "-wal", "-shm")


def truncate(file: Path) -> None:
    """Cut a file off in the middle."""
    os.truncate(file, file.stat().st_size // 2)


def overwrite(file: Path) -> None:
    """Put noise in the place of what a database held, its log included."""
    for side in ("", "-wal"):
        part = file.with_name(file.name + side)
        if part.exists():
            part.write_bytes(b"\xa5" * max(4096, part.stat().st_size))


def delete(file: Path) -> None:
    """Delete a database and what lies beside it."""
    for side in SIDES:
        file.with_name(file.name + side).unlink(missing_ok=True)


HARMS: dict[str, Callable[[Path], None]] = {
    "noise": overwrite,
    "cut": truncate,
    "deleted": delete,
}


def stored(machine: Machine) -> dict[str, list[Path]]:
    """Return the databases of a home by the check of the doctor that looks at them."""
    facts = Path(paths.facts_folder(machine.home))
    return {
        "memory": [Path(paths.memory_file(machine.home, machine.root)).resolve()],
        "facts": sorted(facts.glob("*.db")),
        "queue": [Path(paths.queue_file(machine.home))],
        "registry": [Path(paths.registry_file(machine.home))],
        "metrics": [Path(paths.metrics_file(machine.home))],
    }


def harmed(harm: Callable[[Path], None], machine: Machine, check: str) -> None:
    """Do *harm* to those databases that there are at this moment."""
    for file in stored(machine)[check]:
        if file.exists():
            harm(file)


def assert_told(status: Done, check: str) -> None:
    """Status tells of what it needs itself: the registry as an error, the memory as missing."""
    assert status.returncode == (1 if check == "registry" else 0)
    assert ("registry.db is damaged" in status.stderr) == (check == "registry")
    assert ("missing, generation 0" in status.stdout) == (check == "memory")


@pytest.mark.parametrize("check", ["memory", "facts", "queue", "registry", "metrics"])
def test_damaged_database_is_told_and_made_good(machine: Machine, check: str) -> None:
    """At the next start, and again and again while all runs; the next change is known as ever."""
    machine.checkout.write("src/before.py", "def before_all():\n    return 1\n")
    machine.owe()
    run.burst(config.load())
    harmed(overwrite, machine, check)
    assert machine.doctor()[check]["result"] != "ok"
    assert_told(machine.rtkq("status", machine.root), check)

    up = machine.up()
    for name, harm in HARMS.items():
        with frozen(up):
            harmed(harm, machine, check)
            machine.hook()
        machine.checkout.write(f"src/{name}.py", f"def after_{name}():\n    return 1\n")
        until(lambda word=f"after_{name}": machine.knows(word))
    until(lambda: machine.verdicts(check) == ["ok"])
    machine.assert_as_from_nothing()


def test_damaged_memory_is_noticed_when_somebody_needs_it(machine: Machine) -> None:
    """Nothing is edited, so no event tells: the hook's receipt does."""
    machine.up()
    overwrite(stored(machine)["memory"][0])

    until(lambda: machine.state() == "fresh")
    machine.assert_as_from_nothing()


def test_lost_registry_takes_no_memory_along(machine: Machine) -> None:
    """Deleted while nothing runs: what has a memory is a project again at the next start."""
    delete(stored(machine)["registry"][0])
    machine.rtkq("status")  # begins another registry, which names nobody

    assert "does not name" in machine.doctor()["registry"]["detail"]
    assert machine.hook()
    up = machine.up()
    machine.checkout.write("src/later.py", "def known_later(): ...\n")
    until(lambda: machine.knows("known_later"))
    up.send_signal(signal.SIGTERM)
    assert up.wait() == 0
    assert machine.doctor()["registry"]["result"] == "ok"
    machine.assert_as_from_nothing()
