"""Checks of what runs: watcher, workers, the service that keeps them, queue and clock."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

from rtkq import agents, paths, recall, service
from rtkq.doctor.memory import projects
from rtkq.doctor.verdicts import Check, Patient, Verdict, fail, ok, warn
from rtkq.store import soundness

_SERVE = "run `rtkq serve`, or install the hook as a command: `rtkq init --transport command`"
_START = (
    "run `rtkq up` in a terminal, or for good, where systemd or launchd is: `rtkq service install`"
)
#: Clocks of one machine differ by less, in seconds.
_GRAIN_S = 5.0
#: Longest wait before a failed rebuild is tried again, in seconds.
_LONGEST_BACKOFF_S = 600.0
#: With workers at work nothing should be owed for longer, in seconds.
_LONG_OWED_S = 120.0
#: A daemon on this machine answers sooner, in seconds.
_HTTP_S = 3.0
_LARGEST_HEALTH_BYTES = 4096
_NAMES = {"watch": "watcher", "worker": "workers"}


def _watcher(patient: Patient) -> Iterator[Verdict]:
    beat = _beat(patient, "watch")
    yield judge_beat("watch", beat, now=time.time(), is_there=_is_there(beat))
    for root in (beat or {}).get("polled", ()):
        limits = ", ".join((beat or {}).get("limits", ()))
        yield warn(f"{root} is polled: {limits}", "raise what limits it; changes show up late")


def _workers(patient: Patient) -> Iterator[Verdict]:
    beat = _beat(patient, "worker")
    yield judge_beat("worker", beat, now=time.time(), is_there=_is_there(beat))


def judge_beat(kind: str, beat: dict[str, Any] | None, *, now: float, is_there: bool) -> Verdict:
    """Return what the last heartbeat of a *kind* of process says.

    Args:
        kind: ``watch`` or ``worker``.
        beat: The heartbeat; None when there is none.
        now: Seconds since the epoch.
        is_there: Whether the process it names exists.
    """
    from rtkq_workers.processes.heartbeat import DEAD_AFTER_S

    if beat is None:
        return warn("not running: memories go stale", _START)
    process, age_s = beat.get("pid"), now - float(beat.get("beat_at", 0))
    if not is_there:
        return fail(f"process {process} died without a word, {age_s:.0f} s ago", _START)
    if age_s > DEAD_AFTER_S:
        return fail(
            f"process {process} is there, but its last beat was {age_s:.0f} s ago",
            f"the {_NAMES[kind]} may be stopped or starved: `kill -CONT {process}`, or kill it",
        )
    return ok(f"process {process}, last beat {max(0.0, age_s):.0f} s ago")


def _one_watcher(patient: Patient) -> Iterator[Verdict]:
    beat = _beat(patient, "watch")
    holder = ""
    with suppress(OSError), open(paths.lock_file(patient.home, "watch"), encoding="ascii") as lock:
        holder = lock.read().strip()
    if beat is None or not holder:
        return
    if _is_there({"pid": int(holder)}) and _is_there(beat) and int(holder) != beat["pid"]:
        yield fail(
            f"two watchers: process {holder} holds the lock, process {beat['pid']} beats",
            f"stop one of them: kill {beat['pid']}",
        )
    else:
        yield ok("one")


def _service(_: Patient) -> Iterator[Verdict]:
    keeper = service.keeper()
    if not service.is_installed(keeper):
        return  # running by hand is as good, and the watcher's check tells whether it does
    if why := keeper.refusal():
        yield warn(f"installed, but {why}", "run `rtkq up`, or log in as this user")
        return
    told = service.status(keeper)
    stopped = [one for one in told if not one.is_well]
    outdated = service.outdated(keeper)
    for one in stopped:
        yield fail(f"{one.service} is {one.state}", "`rtkq service install` starts it")
    for file in outdated:
        yield warn(f"{file} is of another version of rtkq", "`rtkq service install` renews it")
    if not (stopped or outdated):
        yield ok(", ".join(f"{one.service} {one.state}" for one in told))


def _start_service(_: Patient) -> str:
    told = service.install(service.keeper())
    return f"started the services: {', '.join(f'{one.service} {one.state}' for one in told)}"


def _server(patient: Patient) -> Iterator[Verdict]:
    asking = [one for one in agents.survey(patient.root) if one.transport == "http"]
    if not asking:
        return  # nobody needs it
    serve = patient.settings.serve
    place = f"{serve.host} port {serve.port}"
    try:
        told = _health(serve.host, serve.port)
    except (OSError, HTTPException) as error:
        yield fail(f"{asking[0].agent} asks {place}, where nobody answers: {error}", _SERVE)
        return
    if told:
        yield fail(f"{asking[0].agent} asks {place}, where {told}", _SERVE)
    else:
        yield ok(f"{place} answers")


def _health(host: str, port: int) -> str:
    """Return what is wrong with the answer of whoever listens there; empty for a daemon of ours."""
    connection = HTTPConnection(host, port, timeout=_HTTP_S)
    try:
        connection.request("GET", "/v1/health")
        answer = connection.getresponse()
        body = answer.read(_LARGEST_HEALTH_BYTES)
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        return f"somebody answers with {answer.status}"
    try:
        is_ours = json.loads(body)["status"] == "ok"
    except (ValueError, LookupError, TypeError):
        is_ours = False
    return "" if is_ours else "another program than rtkq answers"


def _queue(patient: Patient) -> Iterator[Verdict]:
    file = paths.queue_file(patient.home)
    if damage := soundness.damage(file):
        yield fail(f"{file} is damaged: {damage}", "`rtkq doctor --fix` removes it")
        return
    owing = [project for project in projects(patient) if project.is_owing]
    late = [one.root for one in owing if _owed_s(patient, one.root) > _LONG_OWED_S]
    if late and (beat := _beat(patient, "worker")) and _is_there(beat):
        yield warn(
            f"{len(late)} projects are owed a rebuild for long: {', '.join(late[:3])}",
            "look at `rtkq status --all` and the logs of the workers",
        )
    else:
        yield ok(f"{len(owing)} projects owe a rebuild")


def _remove_queue(patient: Patient) -> str:
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.unlink(paths.queue_file(patient.home) + suffix)
    return "removed the queue: what is owed stands elsewhere"


def _owed_s(patient: Patient, root: str) -> float:
    """Return how long the oldest debt of *root* waits, in seconds."""
    memory = recall.open_memory(patient.home, root)
    if memory is None:
        return 0.0
    ((oldest_ms,),) = memory.rows("SELECT min(marked_at) FROM debt")
    memory.close()
    return time.time() - oldest_ms / 1000 if oldest_ms else 0.0


def _clock(patient: Patient) -> Iterator[Verdict]:
    limit = time.time() + _GRAIN_S
    ahead = [f"{what} ({at - limit:.0f} s)" for what, at in _instants(patient) if at > limit]
    if ahead:
        yield warn(
            f"instants lie in the future: {', '.join(ahead)}",
            "the clock was set back; it mends itself as they are written again",
        )
    else:
        yield ok("nothing lies in the future")


def _instants(patient: Patient) -> Iterator[tuple[str, float]]:
    for kind, name in _NAMES.items():
        if beat := _beat(patient, kind):
            yield f"heartbeat of the {name}", float(beat.get("beat_at", 0))
    if memory := recall.open_memory(patient.home, patient.root):
        yield "generation", memory.indexed_at_ms / 1000
        memory.close()
    for project in projects(patient):
        yield f"last use of {project.root}", project.used_at
        yield f"next try of {project.root}", project.retry_at - _LONGEST_BACKOFF_S


def _beat(patient: Patient, kind: str) -> dict[str, Any] | None:
    from rtkq_workers.processes import heartbeat

    return heartbeat.read(patient.home, kind)


def _is_there(beat: dict[str, Any] | None) -> bool:
    try:
        os.kill(int((beat or {})["pid"]), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, KeyError, ValueError):
        return False
    return True


CHECKS = (
    Check("service", _service, _start_service),
    Check("watcher", _watcher),
    Check("one-watcher", _one_watcher),
    Check("workers", _workers),
    Check("server", _server),
    Check("queue", _queue, _remove_queue),
    Check("clock", _clock),
)
