"""What changed: on the disk since the last build, or since a commit."""

from __future__ import annotations

from typing import Any

from rtkq import git, repository
from rtkq.errors import ProjectError
from rtkq.store import memories
from rtkq_workers.checkout import scan
from rtkq_workers.checkout.ignore import is_left_out
from rtkq_workers.rebuild import reading

#: (path, added, modified or removed), in order of path.
Changes = list[tuple[str, str]]


def since_build(home: str, root: str) -> Changes:
    """Return how the disk differs from what the memory of *root* was built from.

    Contents decide: a file that was only touched, or changed and changed back, is the same.

    Raises:
        ProjectError: *root* is gone.
    """
    try:
        seen = scan.survey(root)
    except FileNotFoundError as error:
        raise ProjectError(f"{root} is gone", "`rtkq clear` forgets it") from error
    with memories.opened(home, root) as memory:
        known = memory.known_files()
        contents = dict(memory.connection.execute("SELECT path, content FROM file"))
    own = repository.believed(root).extract.languages

    def change(path: str) -> str:
        was, now = known.get(path), seen.get(path)
        if was is None or now is None:
            return "added" if was is None else "removed"
        content = bytes(contents.get(path, b""))
        is_same = reading.content_of(root, path, own) == content
        is_same = is_same and (bool(content) or now.size == was.stamp.size)
        return "" if is_same else "modified"

    changes = [(path, change(path)) for path in scan.compare(seen, known)]
    return [one for one in changes if one[1]]


def since_revision(root: str, revision: str) -> Changes:
    """Return how the checkout at *root* differs from a revision, untracked files included.

    Raises:
        ProjectError: There is no such revision, or no git.
    """
    commit = git.commit_of(root, revision)
    changes = None if commit is None else git.changes_since(root, commit)
    if changes is None:
        raise ProjectError(
            f"git knows no revision {revision!a} in {root}", "`git log` lists what it knows"
        )
    return [change for change in changes if not is_left_out(change[0])]


def summary(changes: Changes) -> dict[str, Any]:
    """Return *changes* as commands print them in JSON: how many of each kind, and the files."""
    kinds = [kind for _, kind in changes]
    counts: dict[str, Any] = {kind: kinds.count(kind) for kind in ("added", "modified", "removed")}
    return counts | {"files": [{"path": path, "change": kind} for path, kind in changes]}
