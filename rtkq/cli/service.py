"""``rtkq service``: what runs in the background, kept by the system."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rtkq.cli import options, print_json

if TYPE_CHECKING:
    from rtkq.service import Condition

_DEFAULT_LINES = 50


@click.command("service")
@click.argument("action", type=click.Choice(["install", "uninstall", "status", "logs"]))
@click.option(
    "--lines",
    type=click.IntRange(min=1),
    default=_DEFAULT_LINES,
    help="How many lines of the logs to show.",
)
@options.format_option
def command(action: str, lines: int, form: str) -> int:
    """Keep watcher, workers and HTTP daemon running in the background, from login on.

    As units of systemd's user manager, on macOS as agents of launchd. Example:

        rtkq service install
    """
    from rtkq import service

    keeper = service.keeper()
    if action == "logs":
        service.require(keeper)
        _print_lines(keeper.logs(lines), form)
        return 0
    act = {"install": service.install, "uninstall": service.uninstall, "status": service.status}
    conditions = act[action](keeper)
    _print_conditions(conditions, form)
    is_removing = action == "uninstall"
    return int(any(one.is_well is is_removing for one in conditions))


def _print_lines(lines: list[str], form: str) -> None:
    if form == "json":
        print_json(lines)
    else:
        click.echo("".join(f"{line}\n" for line in lines), nl=False)


def _print_conditions(conditions: list[Condition], form: str) -> None:
    if form == "json":
        print_json([asdict(one) for one in conditions])
        return
    if all((one.state, one.change) == ("absent", "unchanged") for one in conditions):
        click.echo("no service of rtkq is installed: nothing to remove")
        return
    for one in conditions:
        click.echo(f"{one.service:8} {one.state:9} {one.change or '':9} {one.file}")
