"""``rtkq watch``: the watcher alone."""

from __future__ import annotations

import sys

import click

from rtkq import config
from rtkq.cli import options
from rtkq.cli.checkout import taken_up


@click.command("watch")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.verbose_option
@options.quiet_option
def command(paths: tuple[str, ...], verbose: int, quiet: bool) -> None:
    """Watch all registered projects, and those at PATH, until interrupted.

    Each PATH is registered first. Example:

        rtkq watch ~/src/shop ~/src/blog
    """
    from rtkq_workers.watch import watcher

    options.log_to_stderr(verbose, quiet)
    settings = config.load()
    roots = [taken_up(settings.home, path) for path in paths]
    sys.exit(watcher.run(settings, roots))
