"""``rtkq delta``: what changed since the last build, or since a revision."""

from __future__ import annotations

import click

from rtkq import config
from rtkq.cli import options, print_json
from rtkq.cli.checkout import registered_root_of
from rtkq.recall.render import clean

_LETTERS = {"added": "A", "modified": "M", "removed": "D"}


@click.command("delta")
@options.path_argument
@click.option("--since", metavar="REV", help="Compare with this git revision instead.")
@options.format_option
def command(path: str, since: str | None, form: str) -> None:
    """List the files of the project at PATH that changed since the last build.

    Each with A for added, M for modified, D for removed. Example:

        rtkq delta --since main
    """
    from rtkq.answers.delta import delta

    settings = config.load()
    found = delta(settings, registered_root_of(settings.home, path), since=since)
    if form == "json":
        print_json(found)
        return
    for file in found["files"]:
        click.echo(f"{_LETTERS[file['change']]} {clean(file['path'])}")
