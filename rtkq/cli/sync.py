"""``rtkq sync``: a barrier between the disk and the memory."""

from __future__ import annotations

import click

from rtkq import config
from rtkq.cli import options
from rtkq.cli.checkout import taken_up


@click.command("sync")
@options.path_argument
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0),
    default=60.0,
    metavar="S",
    help="Seconds to wait.",
)
@options.quiet_option
def command(path: str, timeout_s: float, quiet: bool) -> None:
    """Return when every change made on disk before the call is in the memory.

    Compares the tree with the memory itself, so it needs no watcher. Exit code 1 on timeout.
    Example:

        rtkq sync && rtkq plan "where are sessions refreshed?"
    """
    from rtkq_workers import barrier

    settings = config.load()
    root = taken_up(settings.home, path)
    barrier.sync(settings.home, root, timeout_s=timeout_s)
    if not quiet:
        click.echo(f"{root}: {barrier.summary(settings.home, root)}")
