"""What changed since the last build, or since a revision."""

from __future__ import annotations

from typing import Any

from rtkq.answers import difference
from rtkq.answers.opened import opened
from rtkq.config import Settings


def delta(settings: Settings, root: str, *, since: str | None = None) -> dict[str, Any]:
    """Return the document of `delta`, as the contract of commands spells it.

    Args:
        settings: The settings in force.
        root: A checkout.
        since: A git revision to compare with instead of the last build.

    Raises:
        ProjectError: The checkout has no memory yet, is gone, or knows no such revision.
    """
    if since is None:
        opened(settings.home, root).close()
        changes = difference.since_build(settings.home, root)
    else:
        changes = difference.since_revision(root, since)
    known = {"command": "delta", "project": root, "since": since}
    return known | difference.summary(changes)
