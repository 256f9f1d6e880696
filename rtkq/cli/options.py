"""Options that several commands share, spelled once."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

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


_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def span_s(_context: Any, _option: Any, span: str | None) -> int | None:
    """Return how long a *span* such as ``7d`` is, in seconds; None where none is given."""
    if span is None:
        return None
    found = re.fullmatch(r"(\d{1,5})([mhdw])", span)
    if found is None:
        raise click.BadParameter(f"{span!r} is no span: write 90m, 24h, 7d or 4w")
    return int(found[1]) * _SECONDS[found[2]]


def _instant_ms(context: Any, option: Any, span: str) -> int:
    """Return when a *span* such as ``7d`` began, in milliseconds since the epoch."""
    seconds = span_s(context, option, span) or 0
    return max(0, int((time.time() - seconds) * 1000))


def since_option(default: str) -> Callable[[Any], Any]:
    """Return the option that says how far to look back."""
    return click.option(
        "--since",
        "since_ms",
        default=default,
        callback=_instant_ms,
        metavar="SPAN",
        help="How far to look back: minutes, hours, days or weeks, as in 24h.",
    )


def log_to_stderr(verbose: int, quiet: bool) -> None:
    """Set up logging for a process that runs in the foreground, or as a service."""
    from rtkq_workers.processes import logs

    logs.shorten()  # here as well: a service that fails at every start never gets to prune
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(
        level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s", force=True
    )
    # Its warnings tell of workers that left on purpose, to give their memory back.
    logging.getLogger("huey").setLevel(logging.DEBUG if verbose > 1 else logging.ERROR)
    # It tells of every statement, several a second.
    logging.getLogger("peewee").setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
