"""The team's memories for whoever has none here: asked for beside the event loop, in time.

A hook is first answered as ever, in the thread of the event loop. Only where no memory of this
machine can answer and the team is likely to have one is the answer begun anew in a thread that
may wait; so nobody with a memory of his own waits for a network.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rtkq import recall
from rtkq.errors import Timeout
from rtkq.recall import Memory
from rtkq.records import Stage
from rtkq.team.central import origin
from rtkq.team.central.asking import MOST_TURNS, Central, Turn
from rtkq.team.central.memory import Superseded
from rtkq.team.central.overlay import Nowhere, Overlay
from rtkq_hooks import checkout

if TYPE_CHECKING:
    from rtkq_hooks.checkout import Opener

#: How long a request that no agent waits for may read, in seconds.
_PATIENCE_S = 5.0

T = TypeVar("T")
#: Tells by root or remote whether a project exists for whoever asks.
Seeing = Callable[[str], bool]


class _AskTheTeam(BaseException):
    """No memory of this machine answers, and the team may: begin anew where one may wait.

    No error, so that the hook does not take it for the end of the attempt.
    """


class CentralReader:
    """What stands between requests and the team's memories."""

    def __init__(self, url: str) -> None:
        self._central = Central(url)
        self._threads = ThreadPoolExecutor(MOST_TURNS, thread_name_prefix="central")
        self._central.look()

    async def answer(
        self, work: Callable[[Opener], T], local: Opener, sees: Seeing, patience_s: float
    ) -> T:
        """Return what *work* returns, given what opens memories: of this machine, or the team's.

        Args:
            work: Called here, and in another thread instead where the team is to be asked.
            local: Opens the memories of this machine, here.
            sees: Tells by root or remote which projects exist for whoever asks.
            patience_s: How long the team's may be read; then reading raises TimeoutError.
        """
        try:
            return work(partial(self._at_hand, local, sees))
        except _AskTheTeam:
            return await self.ask(lambda turn: work(partial(_opened, turn, sees)), patience_s)

    async def tell(self, remote: str, overlay: Overlay, command: Callable[[Memory], T]) -> T | None:
        """Return what *command* makes of the team's memory of a *remote*; None if there is none.

        Raises:
            Timeout: It could not be read in time.
        """

        def work(turn: Turn) -> T | None:
            memory = turn.memory(remote, overlay)
            return command(memory) if memory else None

        if not self._central.has(remote):
            return None
        try:
            return await self.ask(work, _PATIENCE_S)
        except TimeoutError as error:
            raise Timeout(
                f"reading the team's memory of {remote} failed: {error or 'it took too long'}",
                "try again; `rtkq doctor` tells whether the team's database answers",
            ) from None

    async def tell_of_remote(
        self, remote: str, commit: str, command: Callable[[Memory], T]
    ) -> T | None:
        """Return the same for somebody who has no files, and works on a *commit*."""
        return await self.tell(remote, Nowhere(remote, commit), command)

    async def tell_of_folder(
        self, folder: str, sees: Seeing, command: Callable[[Memory], T]
    ) -> T | None:
        """Return the same of the remote that the checkout around *folder* came from."""
        root = checkout.root_of(checkout.real_path(folder) or "")
        if root is None:
            return None
        return await self.tell(_remote(root, sees), Overlay(root), command)

    async def ask(self, work: Callable[[Turn], T], patience_s: float) -> T:
        """Return what *work* returns, called where it may wait for the team's memories."""
        until = time.monotonic() + patience_s
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._worked, work, until)

    def close(self) -> None:
        """Let the work in hand end, and give the connections back."""
        self._threads.shutdown()
        self._central.close()

    def _at_hand(self, local: Opener, sees: Seeing, home: str, root: str) -> Memory | None:
        memory = local(home, root)
        if _is_enough(memory) or _borrows(home, root):
            return memory
        if not self._central.has(_remote(root, sees)):
            return memory
        if memory is not None:
            memory.close()
        raise _AskTheTeam

    def _worked(self, work: Callable[[Turn], T], until: float) -> T:
        with self._central.turn(until) as turn:
            with suppress(Superseded):
                return work(turn)
            return work(turn)


def _opened(turn: Turn, sees: Seeing, home: str, root: str) -> Memory | None:
    memory = recall.open_memory(home, root) if sees(root) else None
    if _is_enough(memory) or _borrows(home, root):
        return memory
    try:
        central = turn.memory(_remote(root, sees), Overlay(root))
    except TimeoutError:
        if memory is None:
            raise
        return memory
    if central is not None and memory is not None:
        memory.close()
    return central or memory


def _remote(root: str, sees: Seeing) -> str:
    """Return the remote of the checkout at *root* if both exist for whoever asks, else nothing."""
    remote = origin.origin(root) if sees(root) else ""
    return remote if sees(remote) else ""


def _is_enough(memory: Memory | None) -> bool:
    return memory is not None and memory.stage == Stage.COMPLETE


def _borrows(home: str, root: str) -> bool:
    """Return whether a worktree has a main checkout whose memory is nearer than the team's."""
    main = checkout.main_checkout(root)
    return main is not None and checkout.is_known(home, main)
