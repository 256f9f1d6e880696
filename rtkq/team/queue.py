"""The queue of a team: jobs of central projects, on Redis, for the workers of all hosts.

A job is only a nudge here as well. What is owed stands in rows on PostgreSQL, so this queue may be
flushed, restarted without its data, or gone.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rtkq import drivers, jobs
from rtkq.errors import StoreError
from rtkq.team.address import shown, without_secrets

with drivers.left_out():
    from huey import Huey
    from huey.registry import Message
    from huey.serializer import Serializer

    # Every command imports it with Redis hidden. That one is loaded by now, and so is not.
    _storage: Any = drivers.loaded_anew("huey.storage")

_NAME = "rtkq"
#: A server that does not let itself be reached in this time is away, in seconds.
_CONNECT_S = 2.0
#: Longer than an idle worker waits for a job in one go, in seconds.
_ANSWER_S = 3.0
#: Between two tries of an idle worker while the server is away, in seconds.
_PAUSE_S = 1.0

_log = logging.getLogger(__name__)
_queues: dict[str, jobs.Queue] = {}


class _PlainSerializer(Serializer):
    """Jobs as JSON: whoever can write to Redis must not be able to run code in a worker."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class RedisStorage(_storage.PriorityRedisStorage):
    """Nudges on Redis; while the server is away idle workers wait, and say so once."""

    _is_away = False

    def dequeue(self) -> bytes | None:
        """Take the next job off the queue, waiting for one for a moment."""
        try:
            data: bytes | None = super().dequeue()
        except redis.RedisError as error:
            if not self._is_away:
                _log.warning("the team's queue is away, jobs are found by sweeping: %s", error)
            self._is_away = True
            time.sleep(_PAUSE_S)
            return None
        self._is_away = False
        return data

    def read_schedule(self, _ts: Any) -> list[bytes]:
        """Return nothing: when to try again stands beside what is owed."""
        return []

    def peek_many(self, _keys: Any) -> dict[str, bytes]:
        """Return nothing: no job is ever revoked, so nobody need ask the server before each."""
        return {}

    def close(self) -> None:
        """Hang up."""
        self.pool.disconnect()


def queue(url: str) -> jobs.Queue:
    """Return the queue at *url*, with every job declared; it is reached when it is used."""
    if url not in _queues:
        pool = redis.ConnectionPool.from_url(
            url,
            socket_connect_timeout=_CONNECT_S,
            socket_timeout=_ANSWER_S,
            # Once more, for a connection that a restart has ended says nothing of the server.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        huey = Huey(
            _NAME,
            storage_class=RedisStorage,
            connection_pool=pool,
            results=False,
            serializer=_PlainSerializer(),
            utc=False,
        )
        _queues[url] = jobs.declared(huey)
    return _queues[url]


def nudge(url: str, found: Iterable[tuple[int, bool]]) -> None:
    """Ask the workers at *url* to look at central projects.

    Args:
        url: ``redis://…``.
        found: (id of a project, whether it goes before the others).

    Raises:
        StoreError: The server cannot be reached, or takes nothing.
    """
    with _translated(url):
        for project_id, is_first in found:
            priority = jobs.PRIORITY_IN_USE if is_first else jobs.PRIORITY_IDLE
            queue(url).central(project_id, priority=priority)


def depth(url: str) -> int:
    """Return how many nudges wait there for a worker.

    Raises:
        StoreError: The server cannot be reached.
    """
    with _translated(url):
        return int(queue(url).huey.pending_count())


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, ValueError) as error:
        reason = without_secrets(str(error).strip() or type(error).__name__, url)
        raise StoreError(f"reaching {shown(url)} failed: {reason}") from None
