"""Opening a memory for reading: never writing, never waiting, never raising for a bad file."""

from __future__ import annotations

import _sqlite3
import posix
import time

from rtkq import paths
from rtkq.recall import queries
from rtkq.recall.disk import Disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeVar

    M = TypeVar("M", bound="Memory")

#: Must equal ``schema.APPLICATION_ID`` and what ``schema.memory`` says; a test holds them together.
APPLICATION_ID = 0x72746B71
SCHEMA_VERSION = 2
OWNER = APPLICATION_ID, SCHEMA_VERSION

#: The last writer to close a memory locks everybody out while it tidies up, for some milliseconds;
#: waiting for it must end well before the hook's deadline.
_PATIENCE_S = 0.1
_COMPLETE = "complete"
#: Steps of SQLite between two chances for a signal to be handled: well below a millisecond.
_STEPS = 4000


class Memory:
    """A memory open for reading, as it was published last."""

    #: Who computed it, as attributes of a context's header; of one from this machine nothing.
    provenance = ""

    def __init__(self, connection: Any, home: str, root: str) -> None:
        self.home = home
        self.root = root
        self._connection = connection
        (
            found,
            self.stage,
            self.generation,
            self.indexed_at_ms,
            wish,
            is_owing,
            self._most_tokens,
        ) = self.row(queries.META)
        if found != root:
            raise LookupError(root)
        self._is_owing = bool(wish or is_owing)

    def rows(self, query: str, values: tuple[Any, ...] = (), among: Iterable[Any] = ()) -> Any:
        """Return all rows of a *query*.

        ``{}`` in it stands for the values it looks *among*.
        """
        listed = (*among,)
        placed = query.format(",".join("?" * len(listed)))
        return self._connection.execute(placed, values + listed).fetchall()

    def row(self, query: str) -> Any:
        """Return the first row of a *query*, or None."""
        return self._connection.execute(query).fetchone()

    def state(self, stale_after_s: int) -> str:
        """Return what may be believed: fresh, dirty, stale or building."""
        if self.stage != _COMPLETE:
            return "building"
        if self._is_owing:
            return "dirty"
        return "stale" if self._age_s() > stale_after_s else "fresh"

    def budget(self, tokens: int) -> int:
        """Return the size that a context may have: *tokens*, or less if the repository asks so."""
        return min(tokens, self._most_tokens or tokens)

    def disk(self, root: str) -> Disk:
        """Return the checkout at *root*, to be compared with this memory."""
        return Disk(root, is_own=root == self.root)

    def _age_s(self) -> float:
        try:
            status = posix.stat(paths.verified_file(self.home, self.root))
        except OSError:
            return float("inf")
        # A clock that was set back leaves an instant of the future: no reason to believe it.
        return abs(time.time() - status.st_mtime)

    def close(self) -> None:
        """Give the database back."""
        self._connection.close()


def open_memory(home: str, root: str) -> Memory | None:
    """Return the memory of the checkout at *root*.

    None when there is none yet, or it is damaged, of another version or of another checkout.
    """
    file = paths.memory_file(home, root)
    for mode in ("mode=ro", "immutable=1"):
        if mode == "immutable=1" and _has_log(file):
            return None
        try:
            return opened(home, root, mode, Memory)
        except _sqlite3.OperationalError:
            continue  # a read-only folder: SQLite cannot make its -shm there
        except (_sqlite3.Error, LookupError, TypeError):
            return None
    return None


def opened(home: str, root: str, mode: str, kind: type[M]) -> M:
    """Return the memory of the checkout at *root*, opened in one *mode* of SQLite's.

    Args:
        home: ``$RTKQ_HOME``.
        root: Of the checkout.
        mode: ``mode=ro``, or ``immutable=1``, which sees nothing of what is published later.
        kind: What it is returned as.

    Raises:
        OperationalError: It cannot be opened this way.
        Error: It is damaged.
        LookupError: It is of another version or of another checkout.
        TypeError: It holds nothing.
    """
    file = paths.memory_file(home, root)
    name = f"file:{quoted(file)}?{mode}"
    connection = _sqlite3.connect(name, uri=True, isolation_level=None, timeout=_PATIENCE_S)
    # A deadline's signal is handled between bytecodes only, so a long query must run some.
    connection.set_progress_handler(lambda: 0, _STEPS)
    try:
        if connection.execute(queries.OWNER).fetchone() != OWNER:
            raise LookupError(file)
        return kind(connection, home, root)
    except BaseException:
        connection.close()
        raise


def quoted(file: str) -> str:
    """Return the name of a *file* as it stands in an address of SQLite's."""
    return file.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _has_log(file: str) -> bool:
    try:
        return posix.stat(file + "-wal").st_size > 0
    except OSError:
        return False
