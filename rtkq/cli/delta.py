"""``rtkq delta``: what changed since the last build, or since a revision."""

from __future__ import annotations

import click

from rtkq import config, recall
from rtkq.cli import options, print_json
from rtkq.cli.checkout import registered_root_of
from rtkq.errors import ProjectError
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
    from rtkq_workers import difference

    settings = config.load()
    root = registered_root_of(settings.home, path)
    if since is not None:
        changes = difference.since_revision(root, since)
    elif recall.open_memory(settings.home, root) is None:
        raise ProjectError(f"{root} has no memory yet", f"build it: rtkq refresh {root}")
    else:
        changes = difference.since_build(settings.home, root)
    if form == "json":
        known = {"command": "delta", "project": root, "since": since}
        print_json(known | difference.summary(changes))
        return
    for file, kind in changes:
        click.echo(f"{_LETTERS[kind]} {clean(file)}")
