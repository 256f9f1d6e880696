"""Publishing facts by comparison: what lies here and the team lacks is put there.

A server worker publishes what it extracts as it does so; whatever was in the way, an outage, a
cut connection, its own death, is made good by looking at what is there. So nothing is noted down
that could be lost.
"""

from __future__ import annotations

import logging
import time

from rtkq import team
from rtkq.store import facts
from rtkq.team import condition
from rtkq_workers.rebuild import past

_log = logging.getLogger(__name__)

_MINUTE_S = 60
#: So many keys, and what is lacking of them, go over the line at a time.
_BATCH = 500


def share_in_turn(home: str) -> None:
    """Publish what the team lacks of one shard, or of all when the server was away.

    Called each minute: every shard has its turn four times an hour.
    """
    was_away = condition.read(home).failures > 0
    is_there = _share_shard(home, int(time.time()) // _MINUTE_S % facts.SHARDS)
    if was_away and is_there:
        share(home)


def share(home: str) -> bool:
    """Publish what the team lacks of all facts under *home*; return whether it has all now."""
    if all(_share_shard(home, shard) for shard in range(facts.SHARDS)):
        return True
    _log.error("not all facts could be published: %s", condition.read(home).error)
    return False


def _share_shard(home: str, shard: int) -> bool:
    shared = team.shared(home)
    if shared is None:
        return False
    local = facts.LocalFacts(home)
    keys = [key for key in facts.keys_of(home, shard) if not past.is_of_commit(key)]
    # Also where nothing lies here: the first request is what makes the tables.
    return all(
        shared.publish_lacking(local, keys[start : start + _BATCH])
        for start in range(0, max(len(keys), 1), _BATCH)
    )
