"""``rtkq status``: whether it works, what is known, what is owed, and who is at work."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from rtkq import config
from rtkq.cli import options, print_json
from rtkq.cli.checkout import known_root_of
from rtkq.cli.wording import duration, hindrances, reached, spawns, troubles
from rtkq.recall.render import clean

if TYPE_CHECKING:
    from rtkq.answers.standing import Standing


@click.command("status")
@options.path_argument
@click.option("--all", "is_all", is_flag=True, help="Show every registered project.")
@options.format_option
def command(path: str, is_all: bool, form: str) -> None:
    """Show whether rtkq works, and the state of the memory at PATH.

    Example:

        rtkq status --all
    """
    from rtkq_workers import report

    settings = config.load()
    if is_all:
        projects = report.all_projects(settings)
    else:
        projects = [report.project(settings, known_root_of(settings.home, path))]
    if form == "json":
        shared = {"processes": report.processes(settings.home), "team": report.team(settings)}
        print_json([entry | shared for entry in projects])
        return
    from rtkq.answers.standing import standing

    found = standing(settings, projects)
    if sys.stdout.isatty():
        # Late: whoever reads this with a program does not pay for it.
        from rtkq.cli import screen

        screen.show(found)
    else:
        _print(found)


def _print(found: Standing) -> None:
    """Print lines that a program can read: a block a project, then a word a line."""
    for entry in found.projects:
        _print_project(entry)
    for kind, beat in found.processes.items():
        click.echo(f"{kind:9} {_told(beat)}")
    click.echo(f"serve     {found.daemon or 'not running'}")
    if found.team is not None:
        click.echo(f"team      {found.team['url']}, {reached(found.team, time.time())}")
        if found.team["queue"]:
            queue = found.team["queue"]
            click.echo(f"queue     {queue['url']}, {reached(queue, time.time())}")
    click.echo(f"hook      {spawns(found.hour)}")
    click.echo(f"verdict   {found.verdict.text}")


def _print_project(entry: dict[str, Any]) -> None:
    click.echo(clean(entry["project"]))
    age = "never" if entry["age_s"] is None else f"{duration(entry['age_s'])} ago"
    lag = f", oldest {duration(entry['lag_s'])}" if entry["backlog"] else ""
    click.echo(f"  state    {entry['state']}, generation {entry['generation']}, indexed {age}")
    click.echo(f"  files    {entry['files']} ({entry['skipped']} not searched)")
    click.echo(f"  backlog  {entry['backlog']}{lag}")
    for name, told in troubles(entry):
        click.echo(f"  error    {told}" if name == "error" else f"           {name}: {told}")


def _told(beat: dict[str, Any] | None) -> str:
    if beat is None:
        return "not running"
    life = "alive" if beat["is_alive"] else "dead"
    ago = duration(max(0.0, time.time() - beat["beat_at"]))
    lines = [f"{life}, process {beat['pid']}, last beat {ago} ago", *hindrances(beat)]
    return "\n          ".join(lines)
