"""The sweep: find what is owed and nudge again, for nudges are lost with killed workers."""

from __future__ import annotations

import time

from rtkq import jobs
from rtkq.store import Registry


def sweep(home: str, *, is_forced: bool = False) -> None:
    """Nudge every project that owes a rebuild and may try now.

    Args:
        home: Folder for everything rtkq stores.
        is_forced: Nudge even where a nudge is believed to wait: a new worker cannot know what
            the one it replaces took with it.
    """
    now = time.time()
    with Registry(home) as registry:
        owing = registry.owing(now)
        if is_forced:
            for project in owing:
                registry.drop_nudge(project.root)
    for project in owing:
        jobs.nudge(home, project.root)
