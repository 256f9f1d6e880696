"""Following the receipts: an agent began to work somewhere, so look there now.

The hook never writes to a store and never starts a build. It leaves a receipt, and the watcher
draws the conclusion: a known project is rescanned at once, an unknown checkout is registered.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping

from rtkq import git, paths, receipts
from rtkq.config import Settings
from rtkq_workers.checkout.ignore import is_checkout
from rtkq_workers.checkout.mounts import remote_kind
from rtkq_workers.watch import ledger

_log = logging.getLogger(__name__)
#: What happened while nobody watched is of interest for this long, in seconds.
_LOOK_BACK_S = 120
#: Another receipt of the same project says nothing new for this long, in seconds.
_KNOWN_S = 60
_REFUSED_S = 600
#: What the hook reports of a checkout whose memory could not be read.
_UNSERVED = frozenset({"missing", "error"})


class Follower:
    """Reads the receipts as they are written.

    Args:
        settings: Where the receipts lie, and what may be registered.
        on_session: Called with the root of a registered project somebody begins to work in.
    """

    def __init__(self, settings: Settings, on_session: Callable[[str], None]) -> None:
        self._settings = settings
        self._on_session = on_session
        #: Name of the first file that may still grow.
        self._since = ""
        self._offsets: dict[str, int] = {}
        self._settled_until: dict[str, float] = {}
        self._examined_until: dict[str, float] = {}

    def follow(self) -> None:
        """Act on every receipt written since the last call."""
        for receipt in self._new_receipts():
            root = receipt.get("root", "")
            if os.path.isabs(root):
                self._act(root, receipt.get("outcome", ""))

    def _act(self, root: str, outcome: str) -> None:
        is_session = outcome == "noted"
        now = time.monotonic()
        if outcome in _UNSERVED and now >= self._examined_until.get(root, 0.0):
            self._examined_until[root] = now + _KNOWN_S
            self._examine(root)
        if not is_session and now < self._settled_until.get(root, 0.0):
            return
        if ledger.is_registered(self._settings.home, root):
            self._settled_until[root] = now + _KNOWN_S
            ledger.note_use(self._settings.home, root)
            if is_session:
                self._on_session(root)
        else:
            self._settled_until[root] = now + _REFUSED_S
            self._meet(root)

    def _examine(self, root: str) -> None:
        """Have the memory of *root* made anew if it is damaged: no event would tell of that."""
        home = self._settings.home
        if ledger.is_registered(home, root) and ledger.set_aside_if_damaged(home, root):
            self._on_session(root)

    def _meet(self, root: str) -> None:
        if not self._settings.projects.auto_register:
            return
        why = refusal(root, self._settings)
        if why:
            _log.info("%s is not registered by itself: %s", root, why)
            return
        ledger.register(self._settings.home, root)
        _log.info("%s was registered: an agent works there", root)
        self._on_session(root)

    def _new_receipts(self) -> Iterator[Mapping[str, str]]:
        for name in self._open_minutes():
            file = os.path.join(paths.receipts_folder(self._settings.home), name)
            try:
                found, self._offsets[name] = receipts.read(file, self._offsets.get(name, 0))
            except FileNotFoundError:
                continue
            yield from found

    def _open_minutes(self) -> list[str]:
        """Return the files that may have grown; their names sort as their minutes do."""
        folder = paths.receipts_folder(self._settings.home)
        try:
            with os.scandir(folder) as found:
                entries = [entry for entry in found if entry.name.endswith(".log")]
        except FileNotFoundError:
            return []
        minutes = sorted(entry.name for entry in entries if self._is_open(entry))
        # Whoever read the clock before a minute ended may write after it: the last two may grow.
        self._since = min(minutes[-2:], default=self._since)
        self._offsets = {name: at for name, at in self._offsets.items() if name >= self._since}
        return minutes

    def _is_open(self, entry: os.DirEntry[str]) -> bool:
        if self._since:
            return entry.name >= self._since
        return entry.stat().st_mtime > time.time() - _LOOK_BACK_S


def refusal(root: str, settings: Settings) -> str:
    """Return why the checkout at *root* may not be registered by itself; empty if it may.

    A temporary folder is no place for a project, unless everything of rtkq lies there as well:
    then this is a trial and its checkouts are as lasting as its memories.
    """
    if root != os.path.realpath(root) or not is_checkout(root):
        return "it is no checkout"
    if os.lstat(f"{root}/.git").st_uid != os.getuid():
        return "its .git belongs to somebody else"
    if root in ("/", os.path.realpath(os.path.expanduser("~"))):
        return "it is the home folder or the root of the file system"
    if _is_temporary(root) and not _is_temporary(os.path.realpath(settings.home)):
        return "it lies in a temporary folder"
    if kind := remote_kind(root):
        return f"it lies on a network file system ({kind})"
    if len(git.files(root) or ()) > settings.projects.auto_max_files:
        return f"it has more than {settings.projects.auto_max_files} files"
    return ""


def _is_temporary(path: str) -> bool:
    folders = map(os.path.realpath, (tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
