"""``rtkq central``: which remotes server workers keep indexed."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from rtkq import config
from rtkq.cli import options, print_json
from rtkq.errors import ExtraMissing
from rtkq.recall.render import clean

if TYPE_CHECKING:
    from rtkq.config import Settings
    from rtkq.team.central.projects import CentralProject

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TOLD = {"add": "is kept indexed", "remove": "is kept no longer", "fetch": "is fetched now"}


def _seconds(_context: Any, _option: Any, span: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", span)
    if found is None:
        raise click.BadParameter(f"{span!r} is no span: write 90s, 5m, 2h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


@click.command("central")
@click.argument("action", type=click.Choice(["add", "list", "remove", "fetch"]))
@click.argument("url", default="", metavar="[URL]")
@click.option("--branch", help="The branch to keep; default: the remote's own.")
@click.option(
    "--every",
    "every_s",
    default="5m",
    callback=_seconds,
    metavar="SPAN",
    help="Longest time between two fetches, as in 90s, 5m or 2h.",
)
@options.format_option
def command(
    action: str, url: str, branch: str | None, every_s: int, form: str
) -> None:  # fmt: skip
    """Choose the remotes that server workers keep indexed for the team.

    A remote that changed is fetched when its webhook says so, or after --every. Example:

        rtkq central add https://git.example.org/shop/cart.git --branch main
    """
    settings = config.load()
    if action == "list":
        _list(settings, form)
        return
    if not url:
        raise click.UsageError(f"{action} takes the URL of a remote, as git clone does")
    choosing = _choosing()
    if action == "add":
        remote = choosing.add(settings, url, branch=branch or "", every_s=every_s)
    else:
        remote = getattr(choosing, action)(settings, url)
    if form == "json":
        print_json({"remote": remote, "action": action})
    else:
        click.echo(f"{clean(remote)} {_TOLD[action]}")


def _choosing() -> Any:
    try:
        from rtkq_workers.central import choosing
    except ImportError as error:
        raise ExtraMissing("rtkq central", "team", error.name or "psycopg") from error
    return choosing


def _list(settings: Settings, form: str) -> None:
    with _choosing().servers.opened(settings, is_reading=True) as projects:
        listed = projects.listed()
    if form == "json":
        print_json([_document(one) for one in listed])
        return
    if not listed:
        click.echo("no central project yet: rtkq central add URL")
    for one in listed:
        _print(one)


def _document(one: CentralProject) -> dict[str, Any]:
    """Return *one* as JSON holds it: instants as text."""
    return {
        key: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for key, value in asdict(one).items()
        if key != "id"
    }


def _print(one: CentralProject) -> None:
    click.echo(clean(one.remote))
    commit = one.head[:12] or "nothing published yet"
    click.echo(f"  branch   {clean(one.branch) or 'the default one'}, every {one.fetch_every_s} s")
    click.echo(f"  memory   {commit}, generation {one.generation}")
    fetched = f"{one.fetched_at:%Y-%m-%d %H:%M:%S %Z}" if one.fetched_at else "never"
    work = f"worked on by {clean(one.holder)}" if one.holder else "owed" if one.is_owing else "done"
    click.echo(f"  state    {work}, fetched {fetched}")
    if one.last_error:
        click.echo(f"  error    {clean(one.last_error)} (try {one.attempts})")
