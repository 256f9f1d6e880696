"""``rtkq explore``: the layers of a project, without a task."""

from __future__ import annotations

import click

from rtkq import config
from rtkq.cli import options, print_json
from rtkq.cli.checkout import registered_root_of
from rtkq.recall import layers
from rtkq.recall.intent import GENERAL, intent


@click.command("explore")
@options.path_argument
@click.option(
    "--query-type",
    type=click.Choice(list(layers.ROUTES)),
    help="Which layers to show; default: general, or what --task is about.",
)
@click.option("--task", help="Take the query type from the words of this task.")
@click.option(
    "--detail",
    type=click.Choice(list(layers.LINES)),
    default="normal",
    help="How many lines a layer may have.",
)
@click.option("--budget", type=click.IntRange(min=50), help="Tokens of 4 characters.")
@click.option("--strict", is_flag=True, help="Refuse unless the memory is fresh.")
@options.format_option
def command(
    path: str,
    query_type: str | None,
    task: str | None,
    detail: str,
    budget: int | None,
    strict: bool,
    form: str,
) -> None:
    """Show what is known of the project at PATH, layer by layer.

    Example:

        rtkq explore --query-type refactor --detail compact
    """
    from rtkq.answers import explore

    settings = config.load()
    root = registered_root_of(settings.home, path)
    found = explore.explore(
        settings,
        root,
        query_type=query_type or (intent(task) if task else GENERAL),
        detail=detail,
        budget_tokens=budget,
        is_strict=strict,
    )
    if form == "json":
        print_json(found)
    else:
        click.echo(explore.text(found))
