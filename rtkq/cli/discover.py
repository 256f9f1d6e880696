"""``rtkq discover``: subagents that started without our context, and why."""

from __future__ import annotations

import os

import click

from rtkq import config, transcripts
from rtkq.cli import options, print_json


@click.command("discover")
@options.since_option("7d")
@options.format_option
def command(since_ms: int, form: str) -> None:
    """List the subagents that started without our context, and why.

    Reads the session transcripts of Claude Code and Codex, on this machine only. Example:

        rtkq discover --since 24h
    """
    from rtkq.answers import discover

    settings = config.load()
    found = discover.discover(settings, transcripts.folders(os.environ), since_ms=since_ms)
    if form == "json":
        print_json(found)
    else:
        click.echo(discover.text(found))
