"""Checks of everything a user could have wrong, each with a hint and some with a repair.

A check never ends the examination: what it raises, or that it does not return in time, is its
verdict. Nothing is changed unless repairs are asked for, and then only what can be made again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rtkq.doctor import client, hooks, machine, memory, processes, team
from rtkq.doctor.verdicts import Check, Patient, Result, Verdict, fail
from rtkq.errors import RtkqError

__all__ = ["GROUPS", "Finding", "Patient", "Result", "examine", "exit_code"]

#: A check that has not ended after this is given up, in seconds.
_LONGEST_S = 20.0
#: In the order in which they are shown: what a subagent needs most comes first.
GROUPS: dict[str, tuple[Check, ...]] = {
    "hooks": (*hooks.CHECKS, *client.CHECKS),
    "processes": processes.CHECKS,
    "memory": (*memory.CHECKS, *team.CHECKS),
    "machine": machine.CHECKS,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    group: str
    check: str
    result: Result
    detail: str
    hint: str
    #: What was repaired before this was found; empty when nothing was.
    fixed: str


def examine(patient: Patient, *, is_fixing: bool = False) -> Iterator[Finding]:
    """Yield what is found, check by check.

    Args:
        patient: What to look at.
        is_fixing: Repair what can be repaired safely, and look again.
    """
    for group, checks in GROUPS.items():
        for check in checks:
            verdicts, fixed = _treated(check, patient, is_fixing)
            for one in verdicts:
                yield Finding(group, check.name, one.result, one.detail, one.hint, fixed)


def exit_code(findings: list[Finding]) -> int:
    """Return 0 when all is well, 1 after a failure, 2 after warnings alone."""
    results = {finding.result for finding in findings}
    return 1 if Result.FAIL in results else 2 if Result.WARN in results else 0


def _treated(check: Check, patient: Patient, is_fixing: bool) -> tuple[list[Verdict], str]:
    verdicts = _look(check, patient)
    is_ill = any(one.result != Result.OK for one in verdicts)
    if not (is_fixing and is_ill and check.mend):
        return verdicts, ""
    try:
        fixed = check.mend(patient)
    except Exception as error:
        return [*verdicts, _raised(f"repairing {check.name} failed", error)], ""
    return _look(check, patient), fixed


def _look(check: Check, patient: Patient) -> list[Verdict]:
    found: list[Verdict] = []
    _in_time(check.name, lambda: found.extend(check.look(patient)), found)
    return found


def _in_time(name: str, look: Callable[[], None], found: list[Verdict]) -> None:
    def attempt() -> None:
        try:
            look()
        except Exception as error:
            found.append(_raised(f"checking {name} failed", error))

    # As a daemon it may hang in the kernel without keeping the process from ending.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(_LONGEST_S)
    if thread.is_alive():
        found.append(
            fail(f"no answer after {_LONGEST_S:.0f} s", "a disk or a program it asks may hang")
        )


def _raised(what: str, error: Exception) -> Verdict:
    hint = error.hint if isinstance(error, RtkqError) else ""
    return fail(f"{what}: {error or type(error).__name__}", hint or "look at the message")
