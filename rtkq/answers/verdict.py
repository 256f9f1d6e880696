"""Whether it works: one line for a person, from the same facts everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rtkq.answers.lately import Spawns
from rtkq.records import State

#: What the background processes are called by those who look.
PROCESSES = {"watch": "watcher", "worker": "workers"}
#: States that would say something else of a project than of its memory.
_WORDS = {State.MISSING: "without a memory"}


class Verdict(NamedTuple):
    """The answer to "is it working?"."""

    #: ``well``, ``care`` (it works, but look here) or ``ill``.
    level: str
    text: str


def verdict(
    projects: Sequence[Mapping[str, Any]], processes: Mapping[str, Any], lately: Spawns
) -> Verdict:
    """Return what is to be said of all of it.

    Args:
        projects: As `report` tells of them.
        processes: Their last signs of life, as `report` tells of them.
        lately: The spawns of the last hour.
    """
    dead = [name for kind, name in PROCESSES.items() if not is_alive(processes.get(kind))]
    if dead:
        told = f"not working: {' and '.join(dead)} not running; `rtkq up` starts them"
        return Verdict("ill", told)
    if care := _care(projects, lately):
        return Verdict("care", f"working; {care}")
    if not projects:
        return Verdict("care", "working; no project is registered yet: `rtkq setup` in one")
    return Verdict("well", "working; everything fresh")


def is_alive(beat: Mapping[str, Any] | None) -> bool:
    """Return whether a process with this last sign of life is believed alive."""
    return beat is not None and bool(beat["is_alive"])


def _care(projects: Sequence[Mapping[str, Any]], lately: Spawns) -> str:
    """Return what deserves a look though everything runs; "" if nothing does."""
    failing = [one for one in projects if one["last_error"]]
    if failing:
        return f"{_of_all(failing, projects)} in trouble"
    if lately.seen and not lately.injected:
        return f"but no spawn of the last hour got a context ({lately.seen} seen)"
    owing = [one for one in projects if one["state"] != State.FRESH]
    if not owing:
        return ""
    states = sorted({_WORDS.get(State(one["state"]), str(one["state"])) for one in owing})
    return f"{_of_all(owing, projects)} {' or '.join(states)}"


def _of_all(some: Sequence[object], all_of_them: Sequence[object]) -> str:
    if len(all_of_them) == 1:
        return "the project is"
    return f"{len(some)} of {len(all_of_them)} projects {'is' if len(some) == 1 else 'are'}"
