"""From a burst to debts: look at the disk, compare with the memory, write down what is owed.

Looking is safe to repeat and may be late; a burst is done with only when this returned.
"""

from __future__ import annotations

from collections.abc import Iterable

from rtkq import failpoints
from rtkq_workers.checkout import scan
from rtkq_workers.checkout.ignore import Ignore
from rtkq_workers.watch import ledger


def flush(home: str, root: str, touched: Iterable[str], ignore: Ignore | None = None) -> list[str]:
    """Write down which of the *touched* paths are owed, and nudge a worker if any is.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered project.
        touched: Paths relative to *root*, of files that may have changed.
        ignore: The rules that hold in *root*, where they are known.

    Returns:
        What is owed, sorted.

    Raises:
        StoreBusy: A lock outlasted the busy timeout; nothing was written, look again later.
    """
    failpoints.reach("watch.before_flush")
    paths = sorted(touched)
    seen = scan.belonging(root, paths, ignore)
    known = ledger.known(home, root, paths)
    # The first build reads files all the while: which of them it has read nobody knows.
    owed = paths if known is None else scan.compare(seen, known)
    if owed:
        failpoints.reach("watch.before_mark")
        ledger.owe(home, root, owed)
    return owed


def rescan(home: str, root: str) -> list[str] | None:
    """Write down what is owed in the whole project, and nudge a worker if anything is.

    Args:
        home: Folder for everything rtkq stores.
        root: A registered project.

    Returns:
        What is owed, sorted, a move of HEAD at the end; None while the memory is first built, for
        then there is nothing to compare with: that build is owed, and another rescan after it.

    Raises:
        StoreBusy: A lock outlasted the busy timeout; nothing was written, look again later.
        FileNotFoundError: The root is gone.
    """
    seen = scan.survey(root)
    known = ledger.known(home, root)
    if known is None:
        ledger.owe_first_build(home, root)
        return None
    owed = scan.compare(seen, known) + ledger.head_debts(home, root)
    if owed or ledger.is_untold(home, root):
        ledger.owe(home, root, owed)
    failpoints.reach("watch.before_verify")
    ledger.verify(home, root)
    return owed
