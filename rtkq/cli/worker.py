"""``rtkq worker``: the pool of workers."""

from __future__ import annotations

import sys

import click

from rtkq import config
from rtkq.cli import options


@click.command("worker")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes; default: half the CPUs, at least 2."
)
@click.option("--burst", is_flag=True, help="End when nothing is owed any more.")
@click.option("--server", "is_server", is_flag=True, help="Publish facts for the team.")
@options.verbose_option
@options.quiet_option
def command(workers: int | None, burst: bool, is_server: bool, verbose: int, quiet: bool) -> None:
    """Rebuild what is owed, until interrupted.

    Example, to catch up once without leaving anything running:

        rtkq worker --burst
    """
    from rtkq_workers import run

    options.log_to_stderr(verbose, quiet)
    settings = config.load()
    if burst:
        sys.exit(run.burst(settings, is_server=is_server))
    count = workers or settings.worker.workers or run.default_workers()
    sys.exit(run.run(settings, count, is_server=is_server))
