"""``rtkq clear``: forget one project."""

from __future__ import annotations

import click

from rtkq import config, store
from rtkq.cli import options
from rtkq.cli.checkout import known_root_of
from rtkq.errors import ProjectError
from rtkq.store import Registry


@click.command("clear")
@options.path_argument
def command(path: str) -> None:
    """Forget the memory of the project at PATH.

    The project itself is not touched. Facts about file contents stay, for other checkouts share
    them. Example:

        rtkq clear ~/src/shop
    """
    settings = config.load()
    root = known_root_of(settings.home, path)
    with Registry(settings.home) as registry:
        if registry.find(root) is None:
            raise ProjectError(f"{root} has no memory", "`rtkq status --all` lists the projects")
    store.forget(settings.home, root)
    click.echo(f"{root}: forgotten")
