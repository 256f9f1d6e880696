"""Pruning what a team shares: server workers do it, for they alone know what is used."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rtkq.config import Settings
from rtkq.errors import RtkqError
from rtkq.team.line import Line
from rtkq_workers.chores.prune import shard_of_turn

if TYPE_CHECKING:
    from rtkq.team.postgres import Postgres

P = TypeVar("P", bound="Postgres")

_log = logging.getLogger(__name__)

_DAY_S = 86400
#: A worker does nothing else meanwhile; what is left then goes the next day. In seconds.
_PATIENCE_S = 60.0


def prune(settings: Settings) -> None:
    """Delete facts of the shard whose turn it is, and old counts at the first one's turn."""
    now = time.time()
    shard = shard_of_turn(now)
    if shard is None:
        return
    from rtkq.team.counts_table import PostgresCounts
    from rtkq.team.facts_table import PostgresFacts

    days, url = settings.prune.shared_days, settings.database.url
    _do(partial(PostgresFacts, url, is_writing=True), lambda facts: facts.prune(shard, days))
    if shard == 0:
        before = now - settings.prune.metrics_days * _DAY_S
        _do(partial(PostgresCounts, url, is_writing=True), lambda counts: counts.prune(before))


def _do(connect: Callable[[], P], chore: Callable[[P], object]) -> None:
    line = Line(connect)
    try:
        line.ask(chore, _PATIENCE_S)
    except RtkqError as error:
        _log.warning("pruning what the team shares stopped: %s", error.message)
    finally:
        line.close()
