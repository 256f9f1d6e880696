"""The check of a team's database: what of the team mode can be wrong here."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rtkq.config import Settings
from rtkq.doctor.verdicts import Check, Patient, Verdict, ok, warn
from rtkq.errors import RtkqError
from rtkq.team.address import shown

#: An answer that takes longer comes too late for most work, in seconds.
_SLOW_S = 0.25
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
    from rtkq.team.team_facts import connect

    facts = connect(url, is_publishing=False)
    began = time.monotonic()
    facts.fetch([b""])
    elapsed_s = time.monotonic() - began
    facts.close()
    return elapsed_s


CHECKS = (Check("team", _database),)
