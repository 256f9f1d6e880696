"""Announcements: a git server says that a repository was pushed to, and it is fetched now."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from rtkq.errors import ExtraMissing, ProjectError
from rtkq.serve import api
from rtkq.serve.service import Service
from rtkq.serve.shapes import Announced, Announcement
from rtkq.team.remote import normalised


async def announce(service: Service, request: Request) -> Response:
    """Fetch a central project now, for it was pushed to."""
    told = await api.body_of(request, Announcement)
    caller = api.caller_of(request)
    url = next((one for one in told.addresses if normalised(one)), "")
    remote = normalised(url)
    if not (remote and caller.sees(remote)):
        raise _unknown(remote)
    try:
        from rtkq_workers.central import choosing
    except ImportError as error:
        raise ExtraMissing("announcing", "team", error.name or "psycopg") from error
    try:
        # Apart from the stores of this machine, which nobody's network is to hold up.
        await asyncio.to_thread(choosing.fetch, service.settings, url)
    except ProjectError:
        raise _unknown(remote) from None
    return api.json_answer(Announced("announce", remote))


def _unknown(remote: str) -> ProjectError:
    return ProjectError(f"{remote!a} is no central project", "`rtkq central list` tells which are")
