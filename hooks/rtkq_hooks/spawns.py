"""Markers by which the hook at a subagent's start knows what was seen before.

Whether its spawn was: the two calls share no identifier, only session, prompt and type. The first
leaves an empty file ``run/spawns/<session>/<prompt>/<type>.<nonce>``; the second takes one away.

Whether the subagent itself was: clients report a start also when one goes on that had ended. The
first leaves an empty file ``run/started/<link>``.
"""

from __future__ import annotations

import posix
import time

from rtkq import paths

#: A spawn starts within this time of its call, or it never will.
LIFETIME_S = 60
_LONGEST_NAME = 120
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def drop(home: str, session: str, prompt_id: str, kind: str) -> None:
    """Leave a marker for a spawn of this *kind* (a normalised type).

    Raises:
        OSError: The marker cannot be written.
    """
    folder = _folder(home, session, prompt_id)
    name = f"{folder}/{_component(kind)}.{posix.getpid():x}-{time.monotonic_ns():x}"
    _create_below(home, folder, name)


def take(home: str, session: str, prompt_id: str, kind: str) -> bool:
    """Take one marker away, and return whether there was one.

    Of several calls at once, each gets a marker of its own.
    """
    folder = _folder(home, session, prompt_id)
    prefix = f"{_component(kind)}."
    try:
        names = posix.listdir(folder)
    except OSError:
        return False
    return any(_take(f"{folder}/{name}") for name in names if name.startswith(prefix))


def begin(home: str, link: str) -> bool:
    """Note that a subagent starts, and return whether this is the first time.

    Args:
        home: Folder for everything rtkq stores.
        link: Of the subagent, as ``receipts.link_of`` gives it.
    """
    folder = paths.started_folder(home)
    try:
        _create_below(home, folder, f"{folder}/{link}")
    except FileExistsError:
        return False
    except OSError:
        return True  # one that cannot be noted is served once more, which does no harm
    return True


def _take(marker: str) -> bool:
    try:
        age_s = time.time() - posix.stat(marker).st_mtime
        posix.unlink(marker)
    except OSError:
        return False
    return age_s <= LIFETIME_S


def _folder(home: str, session: str, prompt_id: str) -> str:
    return f"{paths.spawns_folder(home)}/{_component(session)}/{_component(prompt_id)}"


def _component(text: str) -> str:
    """Return *text* as one name of a file: it comes from outside and may hold anything."""
    if text and len(text) <= _LONGEST_NAME and _PLAIN.issuperset(text):
        return text
    return "=" + text.encode("utf-8", "replace").hex()[:_LONGEST_NAME] if text else "-"


def _create_below(home: str, folder: str, name: str) -> None:
    try:
        _create(name)
    except FileNotFoundError:
        _make_folder(home, folder)
        _create(name)


def _create(name: str) -> None:
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC
    posix.close(posix.open(name, flags, 0o600))


def _make_folder(home: str, folder: str) -> None:
    if folder == home:
        raise FileNotFoundError(home)
    try:
        posix.mkdir(folder, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        # Nearly always the last one alone is missing: a session has many prompts.
        _make_folder(home, folder.rpartition("/")[0])
        _make_folder(home, folder)
