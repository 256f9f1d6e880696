"""``rtkq up``: everything in the foreground, as one process tree."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import click

from rtkq import config
from rtkq.agents import bundle
from rtkq.cli import options
from rtkq.cli.checkout import taken_up


@click.command("up")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes; default: half the CPUs, at least 2."
)
@click.option("--no-serve", is_flag=True, help="Without the HTTP daemon.")
@options.verbose_option
@options.quiet_option
def command(
    paths: tuple[str, ...], workers: int | None, no_serve: bool, verbose: int, quiet: bool
) -> None:
    """Run watcher, workers and HTTP daemon until interrupted.

    Each PATH is registered first; Ctrl-C or SIGTERM stops all of it. Example:

        rtkq up .
    """
    from rtkq_workers.processes import tree
    from rtkq_workers.watch import alone

    options.log_to_stderr(verbose, quiet)
    settings = config.load()
    for path in paths:
        taken_up(settings.home, path)
    alone.expect_nobody(settings.home)  # two would get in each other's way, again and again
    bundle.stage(settings.home, settings)
    is_serving = not no_serve and _can_serve()
    if not quiet:
        click.echo(f"rtkq: watching and rebuilding under {settings.home}; Ctrl-C stops", err=True)
    if not (quiet or no_serve or is_serving):
        click.echo("      there is no page: `rtkq serve` tells what it needs", err=True)
    pool = ["--workers", str(workers)] if workers else []
    serve = [["serve"]] if is_serving else []
    sys.exit(tree.run([["watch"], ["worker", *pool], *serve]))


def _can_serve() -> bool:
    """Return whether what the daemon needs is installed; it is optional."""
    return all(find_spec(name) for name in ("starlette", "uvicorn", "httptools"))
