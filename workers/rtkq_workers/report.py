"""What `status` shows: the state of memories and the signs of life of processes."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from rtkq import paths, recall
from rtkq.config import Settings
from rtkq.records import Sight, State, sees_all
from rtkq.schema.memory import DebtRow, FileRow
from rtkq.store import Registry, memories
from rtkq.team import condition
from rtkq.team.address import shown
from rtkq_workers.processes import heartbeat

#: What the extractor began and could not end.
GIVEN_UP = ("failed", "timeout", "memory")
_MOST_NAMED = 20
_CONNECT_S = 0.5


def all_projects(settings: Settings, is_seen: Sight = sees_all) -> list[dict[str, Any]]:
    """Return the report of every registered project that is seen, ordered by root."""
    with Registry(settings.home) as registry:
        roots = [project.root for project in registry.projects()]
    return [project(settings, root) for root in roots if is_seen(root)]


def project(settings: Settings, root: str) -> dict[str, Any]:
    """Return the report of the project at *root*, registered or not."""
    with Registry(settings.home) as registry:
        known = registry.find(root)
    memory = recall.open_memory(settings.home, root) if known else None
    entry: dict[str, Any] = {
        "project": root,
        "state": State.MISSING,
        "generation": 0,
        "indexed_at": None,
        "age_s": None,
        "files": 0,
        "skipped": 0,
        "given_up": [],
        "backlog": 0,
        "lag_s": 0.0,
        "attempts": known.attempts if known else 0,
        "last_error": known.last_error if known else "",
    }
    if memory is not None:
        entry |= {
            "state": memory.state(settings.watch.stale_after_s),
            "generation": memory.generation,
            **_age(memory.indexed_at_ms),
            **_counts(settings.home, root),
        }
    if known is not None and not is_there(root):
        entry |= {"state": State.MISSING, "last_error": f"{root} is gone, `rtkq clear` forgets it"}
    return entry


def is_there(root: str) -> bool:
    """Return whether the project at *root* is on the disk."""
    # A link in the place of a project leads to another one.
    return os.path.isdir(root) and not os.path.islink(root)


def _age(indexed_at_ms: int) -> dict[str, Any]:
    if not indexed_at_ms:
        return {}
    age_s = max(0.0, time.time() - indexed_at_ms / 1000)
    return {"indexed_at": recall.instant(indexed_at_ms), "age_s": round(age_s, 1)}


def _counts(home: str, root: str) -> dict[str, Any]:
    with memories.opened(home, root):
        marks = [row.marked_at for row in DebtRow.select(DebtRow.marked_at)]
        files = FileRow.select()
        lag_s = max(0.0, time.time() - min(marks) / 1000) if marks else 0.0
        return {
            "files": files.count(),
            "skipped": files.where(FileRow.skipped != "").count(),
            "given_up": [
                f"{row.path}: {row.skipped}"
                for row in files.where(FileRow.skipped.in_(GIVEN_UP))
                .order_by(FileRow.path)
                .limit(_MOST_NAMED)
            ],
            "backlog": len(marks),
            "lag_s": round(lag_s, 1),
        }


def processes(home: str) -> dict[str, dict[str, Any] | None]:
    """Return the last heartbeat of watcher and workers, with ``is_alive``; None for never."""
    found = {}
    for kind in ("watch", "worker"):
        beat = heartbeat.read(home, kind)
        found[kind] = beat and beat | {"is_alive": heartbeat.is_alive(home, kind)}
    return found


def daemon(settings: Settings) -> str:
    """Return where the HTTP daemon of this home listens; "" where it does not.

    Only that somebody listens is looked at; nothing is asked.
    """
    own = paths.serve_socket(settings.home)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_CONNECT_S)
            probe.connect(own)
    except OSError:
        return ""
    host, port = settings.serve.host, settings.serve.port
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError:
        return own
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def team(settings: Settings) -> dict[str, Any] | None:
    """Return how the team's servers were found last, without asking them; None without a team."""
    if not settings.database.url:
        return None
    found = _server(settings.home, "team", settings.database.url)
    url = settings.queue.url
    return found | {"queue": _server(settings.home, "queue", url) if url else None}


def _server(home: str, server: str, url: str) -> dict[str, Any]:
    found = condition.read(home, server)
    return {
        "url": shown(url),
        "is_reached": found.answered_at > 0 and found.is_usable,
        "answered_at": found.answered_at or None,
        "failures": found.failures,
        "error": found.error,
    }
