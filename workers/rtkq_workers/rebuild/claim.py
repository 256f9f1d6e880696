"""What holds while one claim works on one checkout, and how such work is published as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from rtkq import failpoints, repository
from rtkq.build.history import History
from rtkq.build.recipe import recipe_of
from rtkq.store import lease, memories, swap
from rtkq.store.memory import Memory
from rtkq_workers.checkout import scan
from rtkq_workers.rebuild import past
from rtkq_workers.rebuild.lane import Lane

#: Told (files done, files in all).
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Claim:
    """What stays the same while one claim works on one checkout."""

    home: str
    root: str
    lease: lease.Lease
    progress: Progress
    #: What tells the folder at the root from another one.
    place: tuple[int, int] | None
    #: Where large rebuilds wait for each other.
    lane: Lane
    #: What the repository asks for at this moment.
    wishes: repository.Wishes = field(default_factory=repository.Wishes)
    #: When it was looked what is owed, in milliseconds since the epoch.
    looked_at_ms: int = 0
    #: The past as it was read last, by its tip: both stages of a first build need it.
    _histories: dict[str, History] = field(default_factory=dict)

    def now(self) -> Claim:
        """Return the same as things stand at this moment."""
        wishes = repository.believed(self.root)
        return replace(self, wishes=wishes, looked_at_ms=memories.now_ms())

    @property
    def recipe(self) -> str:
        """What a memory is computed by now."""
        return recipe_of(self.wishes)

    def history(self, head: str) -> History:
        """Return the commits that count where *head* is the tip."""
        if head not in self._histories:
            self._histories.clear()
            self._histories[head] = past.read(self.home, self.root, head)
        return self._histories[head]

    def check_place(self) -> None:
        """Raise FileNotFoundError unless the folder at the root is the one the work began in.

        One that went away, or whose file system did, looks as if every file had been deleted.
        """
        if self.place is None or scan.identity(self.root) != self.place:
            raise FileNotFoundError(f"{self.root} went away while it was read")

    def tell(self, done: int, total: int) -> None:
        """Tell how far the work is, in files."""
        self.progress(done, total)

    def supersede(self, memory: Memory, folder: str, **description: Any) -> None:
        """Swap the memory in *folder* in for *memory*; see `swap.supersede`.

        Raises:
            FileNotFoundError: The folder at the root is not the one the work began in.
            LeaseLost: Another worker claimed this checkout meanwhile.
        """
        self.check_place()
        failpoints.reach("rebuild.before_swap")
        swap.supersede(
            self.home,
            memory,
            folder,
            fence=self.lease.fence,
            read_at_ms=self.looked_at_ms,
            recipe=self.recipe,
            most_tokens=self.wishes.hook.budget_tokens,
            **description,
        )
