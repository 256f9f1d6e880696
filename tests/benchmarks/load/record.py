"""What is seen while the load is played; instants in seconds since it began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

#: At an instant, a value.
Points = list[tuple[float, float]]

PEACE, STORM = "peace", "storm"


@dataclass(frozen=True, slots=True)
class Save:
    """One save and how long the memory took to hold it, in milliseconds."""

    at: float
    #: Number of the project.
    project: int
    #: ``peace``, or ``storm`` while another project was rewritten.
    when: str
    took_ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What was there at one instant."""

    at: float
    #: Nudges that wait, and projects that owe a rebuild.
    depth: int
    owing: int
    #: By command, in MB.
    pss: dict[str, float]
    #: Age of the oldest debt of each project that owes, in seconds.
    lag_s: dict[int, float]


@dataclass(slots=True)
class Record:
    """Everything that was seen; times in milliseconds unless the name says otherwise."""

    hooks: Points = field(default_factory=list)
    bare: Points = field(default_factory=list)
    burst: list[float] = field(default_factory=list)
    failed: int = 0
    saves: list[Save] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    #: When the storm began, and what it did.
    storm_at: float = 0.0
    storm_writes: int = 0
    storm_s: float = 0.0

    def took(self, when: str) -> list[float]:
        """Return how long saves took, in peace or in the storm."""
        return [save.took_ms for save in self.saves if save.when == when]

    def worst(self, when: str) -> dict[int, float]:
        """Return the longest that a save of each project took, by its number."""
        found: dict[int, float] = {}
        for save in self.saves:
            if save.when == when:
                found[save.project] = max(found.get(save.project, 0.0), save.took_ms)
        return found

    def lags(self, project: int) -> Points:
        """Return the age of the oldest debt of one *project*, in seconds, over time."""
        return [(one.at, one.lag_s.get(project, 0.0)) for one in self.samples]

    def lags_of_others(self, project: int) -> Points:
        """Return the age of the oldest debt of any other project, in seconds, over time."""
        return [(one.at, max([0.0, *_without(one.lag_s, project)])) for one in self.samples]


def _without(lags: dict[int, float], project: int) -> Iterator[float]:
    return (lag_s for number, lag_s in lags.items() if number != project)
