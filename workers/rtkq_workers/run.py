"""The worker: which jobs its processes do, which chores, and what it says of itself."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from rtkq import drivers, jobs, team
from rtkq.config import Settings
from rtkq.errors import RtkqError, StoreError
from rtkq.store import Registry
from rtkq_workers.chores import contribute, fold, prune, prune_shared, share, sweep
from rtkq_workers.processes import heartbeat, pool
from rtkq_workers.rebuild import pay

with drivers.left_out():
    from huey import crontab

_log = logging.getLogger(__name__)

_NICE = 10
_HEARTBEAT_S = 2.0
#: Between two looks of a server worker for central projects that owe, in seconds.
_CENTRAL_SWEEP_S = 5
#: Between two tries while the registry itself cannot be written, in seconds.
_UNNOTED_S = 5.0
#: Between two looks at what is owed: another process may hold the lease.
_BURST_PAUSE_S = 0.05
_LARGE_BYTES = 100 * 1024 * 1024
#: Linux tells the peak in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def run(settings: Settings, workers: int, *, is_server: bool = False) -> int:
    """Run *workers* processes until SIGTERM or SIGINT; return the exit code, 0 or 130.

    A second pool on the same home is harmless: leases keep two workers off one checkout.

    Args:
        settings: Those in force.
        workers: How many processes to keep.
        is_server: Publish facts for the team, and keep its central projects.
    """
    home = settings.home
    if is_server:
        team.publish(home, settings.database.url)
    os.nice(_NICE)
    consumers = [_own(settings, workers, is_server=is_server)]
    if is_server:
        consumers.append(_of_the_team(settings, workers))
    ended = _beat(home, workers)
    number = pool.run(consumers)
    ended.set()
    heartbeat.remove(home, "worker")
    return 130 if number == signal.SIGINT else 0


def _own(settings: Settings, workers: int, *, is_server: bool) -> pool.Consumer:
    """Return the pool for the queue of this home."""
    home = settings.home
    places = max(1, workers - 1)
    jobs.bind(lambda root: _leaving_if_large(lambda: _pay_when_there_is_room(home, root, places)))
    huey = jobs.queue(home).huey
    huey.on_startup()(lambda: sweep.sweep(home, is_forced=True))
    huey.periodic_task(crontab())(_named("sweep", lambda: sweep.sweep(home)))
    huey.periodic_task(crontab())(_named("fold", lambda: fold.fold(home)))
    chore = _named("prune", lambda: prune.prune(settings))
    huey.periodic_task(crontab(minute=prune.EVERY))(chore)
    if settings.database.url:
        chore = _named("contribute", lambda: contribute.contribute(settings))
        huey.periodic_task(crontab(minute=contribute.minutes()))(chore)
    if is_server:
        huey.on_startup()(lambda: share.share(home))
        huey.periodic_task(crontab())(_named("share", lambda: share.share_in_turn(home)))
        chore = _named("prune_shared", lambda: prune_shared.prune(settings))
        huey.periodic_task(crontab(minute=prune.EVERY))(chore)
    return pool.consumer(huey, workers)


def _of_the_team(settings: Settings, workers: int) -> pool.Consumer:
    """Return the pool for central projects, with the process that sweeps for them."""
    from rtkq_workers.central import pay, servers, sweep

    jobs.bind_central(lambda number: _leaving_if_large(lambda: pay.pay(settings, number)))
    if settings.queue.url:
        huey = servers.team_queue().queue(settings.queue.url).huey
    else:
        # Then the pool of this home does them, and this one only sweeps.
        huey, workers = jobs.queue(settings.home).huey, 0
    return pool.consumer(
        huey, workers, sweep=lambda: sweep.sweep(settings), every_s=_CENTRAL_SWEEP_S
    )


def _leaving_if_large(work: Callable[[], None]) -> None:
    """Do *work*, then end this worker if that left it large.

    A first build leaves holes in the heap that nothing gives back; the consumer starts a small
    worker in the place of this one within a second.
    """
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if peak * _RSS_UNIT > _LARGE_BYTES:
        os._exit(0)


def _pay_when_there_is_room(home: str, root: str, places: int) -> None:
    # Where not even the failure can be noted every project of this home fails alike.
    while True:
        try:
            return pay.pay(home, root, places=places)
        except StoreError as error:
            _log.warning("%s; tried again in %d s", error.message, _UNNOTED_S)
            time.sleep(_UNNOTED_S)


def _named(name: str, body: Callable[[], None]) -> Callable[[], None]:
    body.__name__ = name
    body.__module__ = __name__
    return body


def burst(settings: Settings, *, is_server: bool = False) -> int:
    """Rebuild in this process until nothing is owed that may be tried now.

    Returns:
        The exit code: 1 where something had to be published and could not.
    """
    home = settings.home
    if is_server:
        team.publish(home, settings.database.url)
    _pay_all(home)
    return 0 if not is_server or _pay_the_team(settings) else 1


def _pay_the_team(settings: Settings) -> bool:
    """Bring central projects up to date and publish facts; return whether the team has all."""
    from rtkq_workers.central import pay

    try:
        pay.pay_all(settings)
    except StoreError as error:
        _log.error("central projects are left as they are: %s", error)
        return False
    return share.share(settings.home)


def _pay_all(home: str) -> None:
    while True:
        with Registry(home) as registry:
            owing = registry.owing(time.time())
        if not owing:
            return
        for project in owing:
            pay.pay(home, project.root)
        time.sleep(_BURST_PAUSE_S)


def default_workers() -> int:
    """Return how many workers suit this machine: half of its processors, so the user has some.

    Two at least: while one is at a large rebuild the other is there for saves elsewhere.
    """
    return max(2, (os.cpu_count() or 1) // 2)


def _beat(home: str, workers: int) -> threading.Event:
    """Beat until the event returned is set."""
    ended = threading.Event()

    def beat() -> None:
        started_at = time.time()
        while not ended.is_set():
            with suppress(OSError, RtkqError):  # a full disk now may have room at the next beat
                heartbeat.write(home, "worker", started_at=started_at, workers=workers)
            ended.wait(_HEARTBEAT_S)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    return ended
