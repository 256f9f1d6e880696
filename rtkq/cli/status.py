"""``rtkq status``: what is known, what is owed, and who is at work."""

from __future__ import annotations

import shlex
import time
from typing import Any

import click

from rtkq import config
from rtkq.cli import options, print_json
from rtkq.cli.checkout import known_root_of
from rtkq.recall.render import clean


@click.command("status")
@options.path_argument
@click.option("--all", "is_all", is_flag=True, help="Show every registered project.")
@options.format_option
def command(path: str, is_all: bool, form: str) -> None:
    """Show the state of the memory at PATH, and whether watcher and workers are alive.

    Example:

        rtkq status --all
    """
    from rtkq_workers import report

    settings = config.load()
    if is_all:
        projects = report.all_projects(settings)
    else:
        projects = [report.project(settings, known_root_of(settings.home, path))]
    processes = report.processes(settings.home)
    team = report.team(settings)
    if form == "json":
        print_json([entry | {"processes": processes, "team": team} for entry in projects])
        return
    for entry in projects:
        _print_project(entry)
    for kind, beat in processes.items():
        click.echo(f"{kind:9} {_told(beat)}")
    if team is not None:
        click.echo(f"team      {team['url']}, {_reached(team)}")


def _print_project(entry: dict[str, Any]) -> None:
    click.echo(clean(entry["project"]))
    age = "never" if entry["age_s"] is None else f"{_duration(entry['age_s'])} ago"
    lag = f", oldest {_duration(entry['lag_s'])}" if entry["backlog"] else ""
    click.echo(f"  state    {entry['state']}, generation {entry['generation']}, indexed {age}")
    if entry["state"] == "missing" and not entry["last_error"]:
        click.echo(f"           build it: rtkq refresh {shlex.quote(entry['project'])}")
    click.echo(f"  files    {entry['files']} ({entry['skipped']} not searched)")
    for one in entry["given_up"]:
        click.echo(f"           given up: {clean(one)}")
    click.echo(f"  backlog  {entry['backlog']}{lag}")
    if entry["last_error"]:
        tries = f" (try {entry['attempts']})" if entry["attempts"] else ""
        click.echo(f"  error    {clean(entry['last_error'])}{tries}")


def _told(beat: dict[str, Any] | None) -> str:
    if beat is None:
        return "not running"
    ago = _duration(max(0.0, time.time() - beat["beat_at"]))
    life = "alive" if beat["is_alive"] else "dead"
    troubles = [
        f"\n          {trouble}: {', '.join(map(clean, beat[trouble]))}"
        for trouble in ("limits", "polled", "missing")
        if beat.get(trouble)
    ]
    return f"{life}, process {beat['pid']}, last beat {ago} ago{''.join(troubles)}"


def _reached(team: dict[str, Any]) -> str:
    if team["failures"]:
        found = "being tried again" if team["is_reached"] else "not reached, work goes on without"
        return f"{found}\n          {clean(team['error'])}"
    if team["answered_at"] is None:
        return "not asked yet"
    return f"answered {_duration(max(0.0, time.time() - team['answered_at']))} ago"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
