"""What all requests share: settings, and one thread for whatever reads or writes a store."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from rtkq import team
from rtkq.access import Caller
from rtkq.agents import bundle
from rtkq.config import Settings
from rtkq.errors import ExtraMissing, ProjectError, RtkqError
from rtkq.serve.memories import Memories
from rtkq.serve.remote import Remote
from rtkq.serve.shapes import LONGEST_PATH
from rtkq.store import Registry
from rtkq.team.remote import normalised

if TYPE_CHECKING:
    from rtkq.recall import Memory
    from rtkq.serve.central import CentralReader
    from rtkq_hooks.checkout import Opener

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Rebuilds that requests may have running at the same time.
_MOST_REFRESHES = 2


class Service:
    """The state of one serving process."""

    def __init__(self, settings: Settings, *, is_server: bool = False) -> None:
        self.settings = settings
        #: Whether others than the owner are answered.
        self.is_server = is_server
        #: Set when the process was told to end: whoever waits for news is to stop.
        self.is_ending = False
        #: What the hook is told, as it stands beside the staged one.
        self.hook_settings = bundle.flat(settings.home, settings)
        #: Kept open for hooks; used by the thread of the event loop alone.
        self.memories = Memories()
        #: Of the whole team, where it is served.
        self.team_counts = team.counts(settings) if is_server and settings.database.url else None
        #: Reads the team's memories; None without a team.
        self.central = _central(settings.database.url)
        #: Tells which folders may hang.
        self.remote = Remote()
        self._started = time.monotonic()
        # Models are bound to a database for the whole process, so one thread alone uses them.
        self._store_thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._refreshing = asyncio.Semaphore(_MOST_REFRESHES)

    @property
    def uptime_s(self) -> float:
        """How long this process has served, in seconds."""
        return round(time.monotonic() - self._started, 1)

    async def in_store_thread(self, work: Callable[[], T]) -> T:
        """Return what *work* returns, called in the thread that may use the stores."""
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, work)

    async def with_memories(
        self, work: Callable[[Opener], T], sees: Callable[[str], bool], patience_s: float
    ) -> T:
        """Return what *work* returns, given what opens memories, in the event loop's thread.

        Where no memory of this machine can answer and the team may have one, it is called in
        another thread, which waits for the team's.

        Args:
            work: What is to be done; it may be begun twice.
            sees: Tells by root or remote which projects exist for whoever asks.
            patience_s: How long the team's memories may be read.
        """

        def opened(home: str, root: str) -> Memory | None:
            return self.memories.open(home, root) if sees(root) else None

        if self.central is None:
            return work(opened)
        return await self.central.answer(work, opened, sees, patience_s)

    async def tell_of_remote(
        self, remote: str, commit: str, sees: Callable[[str], bool], command: Callable[[Memory], T]
    ) -> T:
        """Return what *command* makes of the team's memory of a remote, for who has no files.

        Args:
            remote: In any spelling.
            commit: What the caller works on; empty for nothing.
            sees: Tells by remote which projects exist for the caller.
            command: Makes an answer of an open memory.

        Raises:
            ProjectError: There is no such memory, or not for the caller.
            Timeout: It could not be read in time.
        """
        found = None
        name = normalised(remote) or remote
        if self.central is not None and sees(name):
            found = await self.central.tell_of_remote(name, commit, command)
        if found is None:
            raise ProjectError(
                f"the team has no memory of {remote!a}", "whoever looks after it: rtkq central add"
            )
        return found

    async def tell_of_folder(
        self, folder: str, sees: Callable[[str], bool], command: Callable[[Memory], T]
    ) -> T | None:
        """Return what *command* makes of the team's memory for a *folder*; None without one.

        Raises:
            Timeout: It could not be read in time.
        """
        if self.central is None:
            return None
        return await self.central.tell_of_folder(folder, sees, command)

    def root_of(self, folder: str, caller: Caller) -> str:
        """Return the root of the registered project that *folder* lies in.

        Raises:
            ProjectError: It lies in none that exists for *caller*, so nothing about it is told.
        """
        is_path = os.path.isabs(folder) and "\0" not in folder and len(folder) <= LONGEST_PATH
        real = os.path.realpath(folder) if is_path else ""
        with Registry(self.settings.home) as registry:
            roots = [project.root for project in registry.projects()]
        known = {root for root in roots if caller.sees(root)}
        while real and real not in known:
            real = os.path.dirname(real) if real != os.path.dirname(real) else ""
        if not real:
            raise ProjectError(
                f"{folder!a} lies in no registered project", "register it: rtkq refresh FOLDER"
            )
        return real

    async def refresh(self, root: str, *, is_full: bool) -> None:
        """Bring the memory of *root* up to date in a process of its own, and wait for it.

        Raises:
            RtkqError: It could not be.
        """
        words = ["refresh", "--quiet", *(["--full"] if is_full else []), root]
        async with self._refreshing:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "rtkq.cli", *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                _, told = await process.communicate()
            except asyncio.CancelledError:
                process.terminate()
                raise
        if process.returncode:
            raise RtkqError(told.decode("utf-8", "replace").strip(), f"try: rtkq refresh {root}")

    def close(self) -> None:
        """Let the work in hand end, and close what is kept open."""
        self.memories.close()
        if self.team_counts:
            self.team_counts.close()
        if self.central is not None:
            self.central.close()
        self._store_thread.shutdown()


def _central(url: str) -> CentralReader | None:
    if not url:
        return None
    if find_spec("psycopg") is None:
        _log.warning("%s", ExtraMissing("reading the team's memories", "team", "psycopg"))
        return None
    from rtkq.serve.central import CentralReader

    return CentralReader(url)
