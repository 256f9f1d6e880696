"""From what a user typed to the checkout that is meant."""

from __future__ import annotations

import os

from rtkq import git, store
from rtkq.errors import ProjectError
from rtkq.store import Registry


def root_of(path: str) -> str:
    """Return the real root of the checkout that *path* lies in.

    A folder without git is a project of its own, unless one above it is registered.

    Raises:
        ProjectError: There is no such folder, or the checkout it lies in ignores it.
    """
    real = os.path.realpath(path)
    if not os.path.isdir(real):
        raise ProjectError(f"{path} is no folder", "give the path of a project")
    try:
        real.encode()
    except UnicodeEncodeError:
        raise ProjectError(
            f"the name of {real!a} is not UTF-8", "rename the folder: rtkq cannot store it"
        ) from None
    root = _git_root(real)
    if root is None:
        return real
    if root != real and git.is_ignored(root, os.path.relpath(real, root)):
        raise ProjectError(
            f"{real} is ignored by the checkout {root}",
            "name a folder that is not ignored, or make this one a checkout of its own (git init)",
        )
    return root


def registered_root_of(home: str, path: str) -> str:
    """Return the root of the registered project that *path* lies in, or where it would be."""
    root = root_of(path)
    if os.path.exists(os.path.join(root, ".git")):
        return root
    with Registry(home) as registry:
        known = {project.root for project in registry.projects()}
    return next((above for above in _upwards(root) if above in known), root)


def known_root_of(home: str, path: str) -> str:
    """Return the root meant by *path*, which may be that of a registered project that is gone.

    Where a link took its place, the name means the project that was there before.
    """
    named = os.path.abspath(path)
    if os.path.islink(named) or not os.path.isdir(named):
        with Registry(home) as registry:
            if registry.find(named) is not None:
                return named
    return registered_root_of(home, path)


def taken_up(home: str, path: str) -> str:
    """Return the root of the project at *path*, registering it if it is new."""
    root = registered_root_of(home, path)
    store.register(home, root)
    return root


def _git_root(folder: str) -> str | None:
    return next(
        (above for above in _upwards(folder) if os.path.lexists(os.path.join(above, ".git"))), None
    )


def _upwards(folder: str) -> list[str]:
    found = [folder]
    while (above := os.path.dirname(found[-1])) != found[-1]:
        found.append(above)
    return found
