"""``rtkq gain``: what contexts were worth, measured in the agents' own transcripts."""

from __future__ import annotations

import os

import click

from rtkq import config, transcripts
from rtkq.cli import options, print_json
from rtkq.cli.checkout import root_of


@click.command("gain")
@options.path_argument
@options.since_option("30d")
@options.format_option
def command(path: str, since_ms: int, form: str) -> None:
    """Show what subagents of the project at PATH opened and searched, with context and without.

    Reads the session transcripts of Claude Code and Codex, on this machine only. Example:

        rtkq gain --since 4w
    """
    from rtkq.answers import gain

    settings = config.load()
    tops = transcripts.folders(os.environ)
    found = gain.gain(settings, tops, root_of(path), since_ms=since_ms)
    if form == "json":
        print_json(found)
    else:
        click.echo(gain.text(found))
