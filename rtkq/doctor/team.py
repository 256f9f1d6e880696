"""The checks of what a team shares: its database, its queue, and its central projects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rtkq.config import Settings
from rtkq.doctor.verdicts import Check, Patient, Verdict, ok, warn
from rtkq.errors import RtkqError
from rtkq.team.address import shown

if TYPE_CHECKING:
    from rtkq.team.central.projects import CentralProject

#: An answer that takes longer comes too late for most work, in seconds.
_SLOW_S = 0.25
#: A remote that was not looked at for so long after its time waits for want of workers, in seconds.
_LATE_S = 600.0
_LOCAL = "work goes on without the team's facts"


def _database(patient: Patient) -> Iterator[Verdict]:
    url = patient.settings.database.url
    if not url:
        return
    try:
        elapsed_s = _time_of_an_answer(url)
    except RtkqError as error:
        hint = error.hint or "look at database.url, the network and the server"
        yield warn(f"{error}; {_LOCAL}", hint)
        return
    if elapsed_s > _SLOW_S:
        yield warn(
            f"{shown(url)} takes {1000 * elapsed_s:.0f} ms for an answer; late ones are not used",
            "look at the network and at what the server does",
        )
    else:
        yield ok(f"{shown(url)} answers in {1000 * elapsed_s:.0f} ms")
    yield ok(_fate_of_counts(patient.settings))


def _fate_of_counts(settings: Settings) -> str:
    """Return what becomes of this machine's counts, by wish and by right."""
    if not settings.database.share_counts:
        return "counts stay here, as database.share_counts wishes"
    from rtkq.team.counts_table import PostgresCounts

    with PostgresCounts(settings.database.url) as counts:
        if counts.may_write():
            return "counts are copied there; database.share_counts says whether"
        return "counts stay here: the role in database.url may not write them"


def _time_of_an_answer(url: str) -> float:
    """Return how long one fact takes over a connection that is there, in seconds."""
    from rtkq.team.shared_facts import connect

    facts = connect(url, is_publishing=False)
    began = time.monotonic()
    facts.fetch([b""])
    elapsed_s = time.monotonic() - began
    facts.close()
    return elapsed_s


def _queue(patient: Patient) -> Iterator[Verdict]:
    url = patient.settings.queue.url
    if not url:
        return
    from rtkq_workers.central import servers

    began = time.monotonic()
    try:
        waiting = servers.team_queue().depth(url)
    except RtkqError as error:
        hint = error.hint or "look at queue.url, the network and the server"
        yield warn(f"{error}; hosts do what they find owed by themselves", hint)
        return
    elapsed_ms = 1000 * (time.monotonic() - began)
    yield ok(f"{shown(url)} answers in {elapsed_ms:.0f} ms, {waiting} jobs wait")


def _central(patient: Patient) -> Iterator[Verdict]:
    if not patient.settings.database.url:
        return
    from rtkq_workers.central import servers

    try:
        with servers.opened(patient.settings, is_reading=True) as projects:
            listed = projects.listed()
    except RtkqError:  # told by the check of the database
        return
    for one in listed:
        if one.attempts:
            told = f"{one.remote} is not kept, after {one.attempts} tries: {one.last_error}"
            yield warn(told, "look at it as the user of the server workers")
    late = [one.remote for one in listed if not one.attempts and _is_late(one)]
    if late:
        yield warn(
            f"nobody has looked at {len(late)} of {len(listed)} remotes in time: {late[0]}",
            "look whether a server worker runs, or more are needed: rtkq worker --server",
        )
    elif listed:
        yield ok(f"{len(listed)} remotes are kept indexed")


def _is_late(one: CentralProject) -> bool:
    waited = datetime.now(UTC) - (one.fetched_at or one.added_at)
    return one.is_owing and waited.total_seconds() > one.fetch_every_s + _LATE_S


CHECKS = (Check("team", _database), Check("team-queue", _queue), Check("central", _central))
