"""Signs of life of the background processes: one small file each, replaced atomically."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import Any

from rtkq import paths
from rtkq.store.database import private_folder

#: A process whose last beat is older than this is believed dead, in seconds.
DEAD_AFTER_S = 10.0


def write(home: str, kind: str, **facts: Any) -> None:
    """Beat: say that the process of this *kind* lives, with whatever *facts* `status` shows."""
    file = paths.heartbeat_file(home, kind)
    private_folder(os.path.dirname(file))
    fresh = f"{file}.{os.getpid()}"
    with open(fresh, "w", encoding="utf-8") as stream:
        json.dump({"pid": os.getpid(), "beat_at": time.time(), **facts}, stream)
    os.replace(fresh, file)


def remove(home: str, kind: str) -> None:
    """Stop beating: the process of this *kind* ended as it should."""
    with suppress(FileNotFoundError):
        os.unlink(paths.heartbeat_file(home, kind))


def read(home: str, kind: str) -> dict[str, Any] | None:
    """Return the last beat of a *kind*, or None when it never beat or its file is unreadable."""
    try:
        with open(paths.heartbeat_file(home, kind), encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_alive(home: str, kind: str) -> bool:
    """Return whether a process of this *kind* has beaten lately."""
    beat = read(home, kind)
    return beat is not None and abs(time.time() - float(beat.get("beat_at", 0))) < DEAD_AFTER_S
