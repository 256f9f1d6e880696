"""Spawns of the last hour, by the minute: read from the receipts, folded or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from rtkq import metrics, paths, recall, receipts
from rtkq.records import Sight, sees_all
from rtkq_workers.chores import fold

_MINUTES = 60
_MINUTE_S = 60
#: So long after its end nobody writes to a minute's file any more.
_CLOSED_S = 10


class Spawns(NamedTuple):
    """How many spawns there were, and how many of them got a context."""

    seen: int = 0
    injected: int = 0


def hour(home: str, now: float, is_seen: Sight = sees_all) -> Spawns:
    """Return the spawns of the last hour; arguments as for `minutes`."""
    found = minutes(home, now, is_seen)
    return Spawns(sum(one["spawns"] for one in found), sum(one["injected"] for one in found))


def minutes(home: str, now: float, is_seen: Sight = sees_all) -> list[dict[str, Any]]:
    """Return the spawns of each minute of the last hour, oldest first.

    Args:
        home: Folder for everything rtkq stores.
        now: Seconds since the epoch.
        is_seen: Tells by its root whether a project counts.
    """
    this = int(now) // _MINUTE_S * _MINUTE_S
    starts = range(this - (_MINUTES - 1) * _MINUTE_S, this + 1, _MINUTE_S)
    return [_told(start, _by_root(home, start, now), is_seen) for start in starts]


def _told(start: int, by_root: Mapping[str, Spawns], is_seen: Sight) -> dict[str, Any]:
    found = [spawns for root, spawns in by_root.items() if is_seen(root)]
    return {
        "at": recall.instant(start * 1000),
        "spawns": sum(one.seen for one in found),
        "injected": sum(one.injected for one in found),
    }


def _by_root(home: str, start: int, now: float) -> Mapping[str, Spawns]:
    is_closed = start + _MINUTE_S + _CLOSED_S < now
    return _closed(home, start) if is_closed else _read(home, start)


@lru_cache(maxsize=_MINUTES)
def _closed(home: str, start: int) -> Mapping[str, Spawns]:
    # Whoever watches asks every second, and there may be a thousand spawns a minute.
    return _read(home, start)


def _read(home: str, start: int) -> Mapping[str, Spawns]:
    name = time.strftime(receipts.MINUTE, time.gmtime(start))
    try:
        lines, _ = receipts.read(f"{paths.receipts_folder(home)}/{name}")
    except FileNotFoundError:
        return {}
    tally = fold.Tally()
    tally.add(lines, minute=start)
    found: dict[str, Spawns] = {}
    for call, count in tally.calls.items():
        if metrics.is_spawn(call):
            before = found.get(call.root, Spawns())
            injected = count if metrics.is_injected(call) else 0
            found[call.root] = Spawns(before.seen + count, before.injected + injected)
    return found
