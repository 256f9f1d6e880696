"""``rtkq up``: everything in the foreground, as one process tree."""

from __future__ import annotations

import shlex
import sys

import click

from rtkq import config
from rtkq.agents import bundle
from rtkq.cli import options
from rtkq.cli.checkout import taken_up


@click.command("up")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; default: half the CPUs.")
@options.verbose_option
@options.quiet_option
def command(paths: tuple[str, ...], workers: int | None, verbose: int, quiet: bool) -> None:
    """Run the watcher and the workers until interrupted.

    Each PATH is registered first; Ctrl-C or SIGTERM stops all of it. Example:

        rtkq up .
    """
    from rtkq_workers import tree

    settings = config.load()
    options.log_to_stderr(verbose, quiet)
    for path in paths:
        taken_up(settings.home, path)
    bundle.stage(settings.home, settings)
    if not quiet:
        click.echo(f"rtkq: watching and rebuilding under {settings.home}; Ctrl-C stops", err=True)
        click.echo(
            f"      what agents run: {shlex.quote(bundle.command(settings.home))} AGENT", err=True
        )
    pool = ["--workers", str(workers)] if workers else []
    sys.exit(tree.run([["watch"], ["worker", *pool]]))
