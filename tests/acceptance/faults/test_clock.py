"""A clock that is set back or forward neither stops the work nor makes the old look fresh.

A test must not set the clock of the machine. So every reading of the wall clock in the processes
under test goes by a file that says how far it is off, and what is stored is read by a clock that
is right.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import Machine, until

DAY_S = 86400
#: A command of rtkq whose wall clock is off by the seconds in the file that is its first argument.
OFF = """
import sys, time
_real, _real_ns, _file = time.time, time.time_ns, sys.argv[1]
def _off():
    with open(_file) as stream:
        return int(stream.read() or 0)
time.time = lambda: _real() + _off()
time.time_ns = lambda: _real_ns() + _off() * 10**9
from rtkq import cli
cli.main(sys.argv[2:])
"""


class Clock:
    """The wall clock of watcher and workers."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, off_s: int) -> None:
        """Set the clock so that it is off by so many seconds, as somebody else would: at once."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(off_s))
        fresh.replace(self.file)


def start(machine: Machine, clock: Clock, *words: str) -> None:
    """Start a command that goes by *clock*."""
    machine.run([sys.executable, "-c", OFF, str(clock.file), *words])


@pytest.mark.parametrize("off_s", [-DAY_S, DAY_S], ids=["back", "forward"])
def test_clock_that_jumps_while_all_runs_stops_nothing(
    machine: Machine, tmp_path: Path, off_s: int
) -> None:
    """What is saved is known as ever, in the wrong time and when it is right again."""
    clock = Clock(tmp_path / "clock")
    start(machine, clock, "watch")
    start(machine, clock, "worker", "--workers", "1")
    until(lambda: machine.is_watched() and machine.beat("worker"))

    clock.set(off_s)
    machine.checkout.write("src/late.py", "def known_in_the_wrong_time():\n    return 1\n")
    until(lambda: "known_in_the_wrong_time" in machine.plan("known_in_the_wrong_time"))
    if off_s > 0:
        until(lambda: "lie in the future" in machine.doctor()["clock"]["detail"])
    until(lambda: not machine.status()["processes"]["watch"]["is_alive"])

    clock.set(0)
    machine.checkout.write("src/late.py", "def known_again():\n    return 1\n")
    until(lambda: machine.knows("known_again"))
    machine.assert_as_from_nothing()
    until(lambda: machine.status()["processes"]["watch"]["is_alive"])


def test_what_a_wrong_clock_left_behind_is_not_believed(machine: Machine, tmp_path: Path) -> None:
    """It was a day ahead when everything was written; nothing waits for that day."""
    clock = Clock(tmp_path / "clock")
    clock.set(DAY_S)
    start(machine, clock, "refresh", "--full", machine.root)
    until(lambda: machine.status()["generation"] == 2)
    until(lambda: machine.state() == "stale")
    assert "generation" in machine.doctor()["clock"]["detail"]

    machine.up()
    machine.checkout.write("src/late.py", "def known_today():\n    return 1\n")
    until(lambda: machine.knows("known_today"))
    machine.assert_as_from_nothing()
    until(lambda: machine.doctor()["clock"]["result"] == "ok")
