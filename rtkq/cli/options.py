"""Options that several commands share, spelled once."""

from __future__ import annotations

import logging

import click

path_argument = click.argument("path", default=".", metavar="[PATH]")

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the answer.",
)
verbose_option = click.option("-v", "--verbose", count=True, help="Say more.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")


def log_to_stderr(verbose: int, quiet: bool) -> None:
    """Set up logging for a process that runs in the foreground."""
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(
        level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s", force=True
    )
    # Its warnings tell of workers that left on purpose, to give their memory back.
    logging.getLogger("huey").setLevel(logging.DEBUG if verbose > 1 else logging.ERROR)
