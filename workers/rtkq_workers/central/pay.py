"""Paying what is owed to a central project: claim, fetch, check out, rebuild, publish, settle.

Any server worker on any host may do it, and many may try: the claim lets in one. Whatever becomes
of that one, the row still owes, and after the lease the sweep of another finds it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rtkq import failpoints, paths
from rtkq.build.recipe import RECIPE
from rtkq.config import Settings
from rtkq.errors import LeaseLost, RtkqError, StoreError
from rtkq.recall.memory import SCHEMA_VERSION
from rtkq.team.central import publishing
from rtkq.team.central.projects import LEASE_S, Claim
from rtkq_workers import barrier
from rtkq_workers.central import mirror
from rtkq_workers.central.servers import opened

_log = logging.getLogger(__name__)

#: How a published memory was built, and in which tables it lies: what is of another is not kept.
_RECIPE = f"{SCHEMA_VERSION};{RECIPE}"
#: A mirror with which so many tries failed is looked at for damage.
_SUSPECT_AFTER = 3


def pay(settings: Settings, project_id: int) -> None:
    """Bring one central project up to date, if it owes and nobody is at it.

    Never raises for what can go wrong there.
    """
    try:
        with opened(settings) as projects:
            claim = projects.claim(project_id, f"{socket.gethostname()}:{os.getpid()}")
    except StoreError as error:
        _log.warning("a central project is left to the next sweep: %s", error)
        return
    if claim is not None:
        _pay(settings, claim)


def pay_all(settings: Settings) -> None:
    """Bring those up to date, one after the other, that owe and may be tried now."""
    while True:
        with opened(settings) as projects:
            found = projects.sweep(patience_s=0)
        if not found:
            return
        for project_id, _ in found:
            pay(settings, project_id)


def _pay(settings: Settings, claim: Claim) -> None:
    failpoints.reach("central.after_claim")
    try:
        with _renewed(settings, claim):
            _bring_up_to_date(settings, claim)
    except LeaseLost as error:
        _log.warning("%s", error)
    except Exception as error:
        # Whatever it is: not noted, it would be tried again at once and for ever, unseen.
        _note_failure(settings, claim, error)


def _bring_up_to_date(settings: Settings, claim: Claim) -> None:
    with mirror.held(settings.home, claim.remote, settings.central.protocols) as held:
        if claim.attempts >= _SUSPECT_AFTER and not held.is_whole():
            held.discard()
        head = held.fetch(claim.url, claim.branch)
        failpoints.reach("central.after_fetch")
        if (claim.head, claim.recipe) != (head, _RECIPE):
            held.check_out(head)
            barrier.refresh(settings.home, held.root, is_full=False, progress=_to_nobody)
            _publish(settings, claim, paths.memory_file(settings.home, held.root), head)
            return
    with opened(settings) as projects:
        projects.settle(claim, _RECIPE)


def _publish(settings: Settings, claim: Claim, memory_file: str, head: str) -> None:
    failpoints.reach("central.before_publish")
    found = os.path.realpath(memory_file)
    # In one transaction: what is published and not settled would be published again.
    with opened(settings) as projects, projects.all_or_nothing():
        publishing.publish(projects, claim.id, found, fence=claim.fence, head=head)
        failpoints.reach("central.before_settle")
        projects.settle(claim, _RECIPE)
    failpoints.reach("central.after_settle")
    _log.info("%s is published at %s", claim.remote, head[:12])


def _to_nobody(_done: int, _total: int) -> None:
    """Tell nobody how far the work is."""


def _note_failure(settings: Settings, claim: Claim, error: Exception) -> None:
    is_known = isinstance(error, RtkqError | OSError)
    _log.warning("%s failed: %s", claim.remote, error, exc_info=not is_known)
    # Where it cannot be noted the lease runs out.
    with suppress(StoreError), opened(settings) as projects:
        projects.fail(claim, str(error) or repr(error))


@contextmanager
def _renewed(settings: Settings, claim: Claim) -> Iterator[None]:
    """Renew the lease all the while, by a thread: a frozen process freezes its threads as well."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(LEASE_S / 4):
            # Each time over a connection of its own: the last one may have died meanwhile.
            with suppress(StoreError), opened(settings) as projects:
                projects.renew(claim)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
