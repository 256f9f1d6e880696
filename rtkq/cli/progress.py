"""A progress bar on stderr, on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(root: str, *, is_silent: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show how far a build is.

    Returns:
        What to call with (files done, files in all).
    """
    if is_silent or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task(os.path.basename(root) or root, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
