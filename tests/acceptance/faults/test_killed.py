"""kill -9 between any two steps of watcher, worker, publishing and commands loses nothing.

Each row arms one failpoint in a real process and has it killed there by a real SIGKILL. A new
process then goes on from what it finds.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from rtkq.config import Settings
from rtkq_workers import run
from rtkq_workers.watch import flush

from .conftest import DEADLINE_S, Machine, until

SOURCE = Path(__file__).parents[3]
#: Those of counting, of central projects and of a team's counts have tests of their own:
#: tests/integration/test_fold.py, and test_keeping.py and test_contribute.py in team/.
REHEARSED_ELSEWHERE = {"central", "contribute", "fold"}

WATCHING = ("watch.before_flush", "watch.before_mark", "watch.before_nudge", "watch.before_verify")
MARKING = ("mark.before_owe", "nudge.before_enqueue")
WORKING = (
    "pay.after_dequeue",
    "rebuild.after_claim",
    "extract.before_put",
    "rebuild.before_publish",
    "rebuild.before_commit",
    "rebuild.after_commit",
    "rebuild.before_settle",
)
SWAPPING = ("rebuild.before_swap", "supersede.before_link", "supersede.after_link")
BEGINNING = ("register.before_create", "create.before_link")


def edit(machine: Machine) -> None:
    """Change, add and delete a file."""
    machine.checkout.write("src/session.py", "def renewed_session():\n    return 'session'\n")
    machine.checkout.write("src/fresh.rs", "pub fn brand_new() {}\n")
    Path(machine.root, "src/cache.py").unlink()


def go_on(machine: Machine) -> None:
    """Do what watcher and worker do when they are started anew."""
    settings = Settings(home=machine.home)
    while flush.rescan(machine.home, machine.root) is None:
        run.burst(settings)
    run.burst(settings)

    machine.assert_as_from_nothing()
    assert machine.knows("renewed_session")
    assert machine.verdicts("memory") == ["ok"]


@pytest.mark.parametrize("failpoint", [*WATCHING, *MARKING])
def test_watcher_killed_at_any_step_loses_nothing(machine: Machine, failpoint: str) -> None:
    """From the event over the debt to the nudge; the next watcher looks at everything."""
    dying = machine.start("watch", failpoint=failpoint)
    if failpoint != "watch.before_verify":  # which every watcher comes by at its start
        until(machine.is_watched)
    edit(machine)

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    assert machine.hook()
    go_on(machine)


@pytest.mark.parametrize("failpoint", WORKING)
def test_worker_killed_at_any_step_loses_nothing(machine: Machine, failpoint: str) -> None:
    """From the nudge over the claim to the last row: the debt stands until it is paid."""
    machine.grow()
    edit(machine)
    machine.owe()
    dying = machine.start("worker", "--burst", failpoint=failpoint)

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    assert "src/session.py" in machine.hook()
    go_on(machine)


@pytest.mark.parametrize("failpoint", SWAPPING)
def test_swap_killed_at_any_step_shows_the_old_memory_or_the_new(
    machine: Machine, failpoint: str
) -> None:
    """Readers find one of the two whole, and nothing of the other stays on the disk."""
    edit(machine)
    dying = machine.start("refresh", "--full", machine.root, failpoint=failpoint)

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    assert "src/session.py" in machine.hook()
    go_on(machine)


@pytest.mark.parametrize("failpoint", [*BEGINNING, *SWAPPING])
def test_first_build_killed_at_any_step_is_begun_anew(machine: Machine, failpoint: str) -> None:
    """A project of which only half is known yet is not forgotten."""
    machine.rtkq("clear", machine.root)
    edit(machine)
    dying = machine.start("refresh", machine.root, failpoint=failpoint)

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    machine.build()
    go_on(machine)


def test_wish_whose_command_was_killed_is_fulfilled(machine: Machine) -> None:
    """It stands in the memory, though the registry did not hear of it any more."""
    edit(machine)
    machine.build()
    dying = machine.start("refresh", "--full", machine.root, failpoint="mark.before_owe")

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    assert machine.status()["state"] == "dirty"
    go_on(machine)


def test_forgetting_that_was_killed_has_forgotten(machine: Machine) -> None:
    """What it left of the memory is nobody's, and nobody reads it."""
    dying = machine.start("clear", machine.root, failpoint="forget.before_remove")

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    assert machine.status()["state"] == "missing"
    assert machine.hook() == ""
    machine.build()
    machine.assert_as_from_nothing()


def test_setting_aside_that_was_killed_is_made_good(machine: Machine) -> None:
    """A damaged memory whose way out was interrupted does not come back."""
    edit(machine)
    for file in Path(machine.home, "checkouts").glob("*/memory/memory.db"):
        file.write_bytes(b"no database" * 1000)
    dying = machine.start("refresh", machine.root, failpoint="set_aside.before_rename")

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    go_on(machine)


def test_recovery_that_was_killed_is_made_good(machine: Machine) -> None:
    """The damaged registry is out of the way, and the new one does not name anybody yet."""
    edit(machine)
    Path(machine.home, "registry.db").write_bytes(b"no database" * 1000)
    dying = machine.start("watch", failpoint="recover.before_add")

    assert dying.wait(DEADLINE_S) == -signal.SIGKILL
    assert "src/session.py" in machine.hook()
    watching = machine.start("watch")
    until(machine.is_watched)
    watching.terminate()
    assert watching.wait(DEADLINE_S) == 0
    go_on(machine)


def test_every_failpoint_is_rehearsed() -> None:
    """A step that somebody adds is killed as well."""
    named = re.compile(r"\breach\(\"([\w.]+)\"\)")
    files = [*SOURCE.glob("rtkq/**/*.py"), *SOURCE.glob("workers/**/*.py")]
    there = {name for file in files for name in named.findall(file.read_text())}
    rehearsed = set(re.findall(r"\"([a-z_]+\.[a-z_]+)\"", Path(__file__).read_text()))

    elsewhere = {name for name in there if name.partition(".")[0] in REHEARSED_ELSEWHERE}
    assert there - elsewhere <= rehearsed
