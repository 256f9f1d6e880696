"""What counts tell: rates and percentiles of what hooks and workers did.

A *spawn* is a call of the hook about one subagent. The start of one that was seen before, when it
was asked for or when it started first, is no second spawn. A spawn is *injected* when a context
reached it, or whoever wanted to spawn it; it *hits* when the memory that was asked was there and
fresh.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from rtkq.records import State
from rtkq.store.metrics import GIVEN, Call, Rebuild, limit_ms

_AT_START = "subagentstart"
_SEEN = "marked"
_RESUMED = "resumed"
_EXEMPT = "exempt"
_PERCENTILES = (50, 95, 99)


def summary(calls: Mapping[Call, int]) -> dict[str, Any]:
    """Return the rates and percentiles of *calls*, given as how often each kind was made.

    A rate is None where there is nothing to take it of.
    """
    spawns = {call: count for call, count in calls.items() if is_spawn(call)}
    asked = {call: count for call, count in spawns.items() if call.outcome != _EXEMPT}
    injected = _sum(spawns, is_injected)
    hits = _sum(asked, lambda call: call.state == State.FRESH)
    seen = sum(spawns.values())
    return {
        "calls": sum(calls.values()),
        "spawns": seen,
        "injected": injected,
        "injection_rate": _rate(injected, seen),
        "hits": hits,
        "hit_rate": _rate(hits, sum(asked.values())),
        "latency_ms": percentiles_ms(_slots(spawns)),
        "outcomes": dict(sorted(_grouped(spawns, lambda call: call.outcome).items())),
    }


def by(calls: Mapping[Call, int], column: str, name: str) -> list[dict[str, Any]]:
    """Return the summaries of *calls* by a *column*, given as *name*, most spawns first."""
    groups: dict[str, dict[Call, int]] = {}
    for call, count in calls.items():
        groups.setdefault(getattr(call, column), {})[call] = count
    told = [{name: value, **summary(group)} for value, group in groups.items() if value]
    return sorted(told, key=lambda one: (-one["spawns"], one[name]))


def rebuilt(rebuilds: Mapping[Rebuild, int]) -> dict[str, Any]:
    """Return how many rebuilds there were, how many failed, and how long the others took."""
    done = {rebuild: count for rebuild, count in rebuilds.items() if rebuild.is_done}
    count = sum(rebuilds.values())
    return {
        "count": count,
        "failed": count - sum(done.values()),
        "elapsed_ms": percentiles_ms(_slots(done)),
    }


def is_spawn(call: Call) -> bool:
    """Return whether *call* was about one subagent that no earlier call was about."""
    is_second = call.event.lower() == _AT_START and call.outcome in (_SEEN, _RESUMED)
    return bool(call.type) and not is_second


def is_injected(call: Call) -> bool:
    """Return whether a context reached the subagent, or was there already."""
    return call.outcome in GIVEN or call.outcome == _SEEN


def percentiles_ms(slots: Mapping[int, int]) -> dict[str, float | None]:
    """Return p50, p95 and p99 of times counted by slot, in milliseconds; None without any."""
    left = dict.fromkeys(_PERCENTILES, 0.0)
    total = sum(slots.values())
    for percent in left:
        seen = 0
        for number in sorted(slots):
            seen += slots[number]
            if seen * 100 >= percent * total:
                left[percent] = round(limit_ms(number), 2)
                break
    return {f"p{percent}": value if total else None for percent, value in left.items()}


def _slots(counted: Mapping[Any, int]) -> Counter[int]:
    return _grouped(counted, lambda one: one.slot)


def _grouped(counted: Mapping[Any, int], key: Callable[[Any], Hashable]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for one, count in counted.items():
        found[key(one)] += count
    return found


def _sum(calls: Mapping[Call, int], is_meant: Callable[[Call], bool]) -> int:
    return sum(count for call, count in calls.items() if is_meant(call))


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
