"""The team's queue carries nudges and nothing else, so whatever becomes of Redis does no harm."""

from __future__ import annotations

import json
import logging
import pickle

import pytest

from rtkq import jobs
from rtkq.errors import StoreError
from rtkq.team import queue
from tests.redis import RedisServer


def taken(url: str) -> list[int]:
    """Return the projects of all jobs that wait at *url*, in the order in which they come."""
    huey = queue.queue(url).huey
    tasks = [huey.dequeue() for _ in range(queue.depth(url))]
    return [task.args[0] for task in tasks]


def test_nudges_come_in_order_and_those_that_are_waited_for_first(redis: RedisServer) -> None:
    """What somebody pushed goes before what merely has its turn."""
    queue.nudge(redis.url, [(1, False), (2, False), (3, True)])

    assert taken(redis.url) == [3, 1, 2]


def test_job_is_found_by_its_stable_name(redis: RedisServer) -> None:
    """Workers of other versions read what is queued."""
    queue.nudge(redis.url, [(7, False)])

    ((member, _),) = redis.client.zpopmin("huey.redis.rtkq")
    assert json.loads(member[8:])[1] == "rtkq.jobs.central"


def test_who_can_write_to_redis_runs_no_code_in_workers(redis: RedisServer) -> None:
    """Huey's own serializer would do what a pickle says."""

    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return pytest.fail, ("code from Redis was run",)

    redis.client.zadd("huey.redis.rtkq", {b"\0" * 8 + pickle.dumps(Attack()): 0})

    with pytest.raises(ValueError, match="codec can't decode"):
        queue.queue(redis.url).huey.dequeue()


def test_restarted_server_is_no_failure(redis: RedisServer) -> None:
    """Only the connection is dead, so another one is made."""
    queue.nudge(redis.url, [(1, False)])

    with redis.stopped():
        pass

    queue.nudge(redis.url, [(2, False)])
    assert taken(redis.url) == [2]


def test_server_that_is_away_is_told_without_its_password() -> None:
    """For whoever nudges there is another way."""
    with pytest.raises(StoreError, match=r"reaching redis://127\.0\.0\.1:1/0 failed") as raised:
        queue.nudge("redis://user:s3cret@127.0.0.1:1/0", [(1, False)])

    assert "s3cret" not in str(raised.value)


def test_idle_worker_waits_for_a_server_that_is_away_and_says_so_once(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It neither ends nor fills the log."""
    monkeypatch.setattr(queue, "_PAUSE_S", 0.0)
    huey = queue.queue(redis.url).huey
    with redis.stopped(), caplog.at_level(logging.WARNING):
        assert [huey.dequeue() for _ in range(3)] == [None] * 3

    assert len(caplog.records) == 1


def test_queue_of_the_home_works_beside_it(home: str, redis: RedisServer) -> None:
    """Whoever does not reach Redis turns to it, in the same process."""
    jobs.nudge_central(home, 1)

    assert jobs.depth(home) == 1
