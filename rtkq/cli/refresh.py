"""``rtkq refresh``: bring one memory up to date, now."""

from __future__ import annotations

import click

from rtkq import config
from rtkq.agents import bundle
from rtkq.cli import options
from rtkq.cli.checkout import taken_up
from rtkq.cli.progress import progress_bar


@click.command("refresh")
@options.path_argument
@click.option("--full", is_flag=True, help="Recompute everything, trusting nothing stored.")
@options.quiet_option
def command(path: str, full: bool, quiet: bool) -> None:
    """Bring the memory of the project at PATH up to date and wait for it.

    Registers the project if it is new; works with or without running workers. Example:

        rtkq refresh ~/src/shop
    """
    from rtkq_workers import barrier

    settings = config.load()
    root = taken_up(settings.home, path)
    bundle.stage(settings.home, settings)
    with progress_bar(root, is_silent=quiet) as progress:
        barrier.refresh(settings.home, root, is_full=full, progress=progress)
    if not quiet:
        click.echo(f"{root}: {barrier.summary(settings.home, root)}")
