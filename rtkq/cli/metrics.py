"""``rtkq metrics``: what hooks and workers did, in numbers."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from rtkq import config
from rtkq.cli import options, print_json

if TYPE_CHECKING:
    from rtkq.config import Settings


@click.command("metrics")
@options.since_option("7d")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "prometheus"]),
    default="text",
    help="How to print the answer.",
)
@click.option("--team", "is_team", is_flag=True, help="What all machines of the team counted.")
def command(since_ms: int, form: str, is_team: bool) -> None:
    """Show how often subagents got a context, how fresh it was, and how long that took.

    Example:

        rtkq metrics --since 1d
    """
    settings = config.load()
    tell = _team if is_team else _machine
    found = tell(settings, since_ms / 1000, is_exposed=form == "prometheus")
    if isinstance(found, bytes):
        sys.stdout.buffer.write(found)
    elif form == "json":
        print_json(found)
    else:
        _print(found)


def _machine(settings: Settings, since: float, *, is_exposed: bool) -> dict[str, Any] | bytes:
    from rtkq.answers import metrics

    return metrics.exposition(settings) if is_exposed else metrics.summary(settings, since)


def _team(settings: Settings, since: float, *, is_exposed: bool) -> dict[str, Any] | bytes:
    from rtkq import team

    with closing(team.counts(settings)) as counts:
        from rtkq.answers import team_metrics

        if is_exposed:
            return team_metrics.exposition(counts)
        return team_metrics.summary(counts, since)


def _print(found: dict[str, Any]) -> None:
    click.echo(f"since {found['from']}")
    if "machines" in found:
        click.echo(f"  machines   {found['machines']}")
    click.echo(f"  spawns     {found['spawns']}")
    click.echo(f"  injected   {found['injected']} ({_percent(found['injection_rate'])})")
    click.echo(f"  fresh      {found['hits']} ({_percent(found['hit_rate'])})")
    click.echo(f"  hook       {_times(found['latency_ms']) or '-'}")
    rebuilds = found["rebuilds"]
    told = (f"{rebuilds['count']}, {rebuilds['failed']} failed", _times(rebuilds["elapsed_ms"]))
    click.echo(f"  rebuilds   {', '.join(filter(None, told))}")
    if "queue" in found:
        click.echo(f"  queue      {found['queue']['depth']} waiting")
    lost = found.get("receipts", {})
    if any(lost.values()):
        click.echo(f"  receipts   {lost['torn']} torn, {lost['dropped']} dropped")
    outcomes = ", ".join(f"{name} {count}" for name, count in found["outcomes"].items())
    click.echo(f"  outcomes   {outcomes or 'none'}")
    for column, groups in (("project", "by_project"), ("agent", "by_agent"), ("type", "by_type")):
        _print_groups(column, found[groups])


def _print_groups(column: str, groups: list[dict[str, Any]]) -> None:
    if not groups:
        return
    click.echo(f"\n  spawns  injected   fresh   p50 ms   p95 ms  {column}")
    for one in groups[:20]:
        times = [f"{one['latency_ms'][key] or 0:8.1f}" for key in ("p50", "p95")]
        click.echo(
            f"{one['spawns']:8} {_percent(one['injection_rate']):>9}"
            f" {_percent(one['hit_rate']):>7} {' '.join(times)}  {one[column]}"
        )


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def _times(percentiles: dict[str, float | None]) -> str:
    return ", ".join(
        f"{key} {value:.1f} ms" for key, value in percentiles.items() if value is not None
    )
