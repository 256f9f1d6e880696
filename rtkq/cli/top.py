"""``rtkq top``: one live screen that answers "is it working?"."""

from __future__ import annotations

import posixpath
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rtkq import config
from rtkq.cli import screen
from rtkq.cli.wording import percent
from rtkq.config import Settings
from rtkq.recall.render import clean

_EVERY_S = 1.0
_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = ".:-=+*#@"
#: Projects shown where lines are not counted, and where there is hardly room for any.
_PROJECTS = 12
_LEAST_PROJECTS = 3
_OTHER_LINES = 21
_SHOWN_CONTEXTS = 5


@click.command("top")
def command() -> None:
    """Show live whether rtkq works: processes, projects, spawns, the last contexts.

    q or Ctrl-C leaves. Without a terminal it prints once and ends. Example:

        rtkq top
    """
    settings = config.load()
    console = screen.console()
    if not (console.is_terminal and sys.stdin.isatty()):
        console.print(_screen(settings, console))
        return
    with _single_keys(), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(_screen(settings, console), refresh=True)
            if _is_left(_EVERY_S):
                return


def _screen(settings: Settings, console: Console) -> Group:
    from rtkq.answers.activity import activity
    from rtkq.answers.standing import standing

    now = activity(settings, {})
    found = standing(settings, now["projects"])
    leaving = "   q leaves" if console.is_terminal else ""
    return Group(
        screen.head(found.verdict, console).append(leaving, "not bold dim"),
        "",
        _numbers(now),
        _sparkline(now["minutes"], console),
        "",
        screen.projects(_owing_first(now["projects"]), console, most=_room(console)),
        "",
        screen.processes(found),
        "",
        _contexts(now["last"]),
    )


def _room(console: Console) -> int:
    """Return how many projects are shown beside all the rest."""
    return max(_LEAST_PROJECTS, console.height - _OTHER_LINES) if console.is_terminal else _PROJECTS


def _numbers(now: dict[str, Any]) -> Text:
    today = now["today"]
    times = [today["latency_ms"][key] for key in ("p50", "p95")]
    told = {
        "spawns": str(today["spawns"]),
        "with context": percent(today["injection_rate"]),
        "hook p50 / p95": " / ".join("-" if one is None else f"{one:.1f}" for one in times) + " ms",
        "rebuilds": str(now["rebuilds"]["count"]),
        "queue": str(now["queue"]["depth"]),
    }
    line = Text("24 hours    ", "dim")
    for name, value in told.items():
        line.append(f"{name} ", "dim").append(f"{value}   ", "default")
    return line


def _sparkline(minutes: list[dict[str, Any]], console: Console) -> Text:
    """Return the spawns of the last half hour, a character a minute."""
    bars = _BARS if screen.has_unicode(console) else _PLAIN_BARS
    counts = [one["spawns"] for one in minutes[len(minutes) // 2 :]]
    most = max(counts) or 1
    drawn = "".join(bars[-(-(len(bars) - 1) * count // most)] for count in counts)
    return (
        Text("30 minutes  ", "dim").append(drawn, "cyan").append(f" at most {max(counts)}", "dim")
    )


def _owing_first(projects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(projects, key=lambda one: (-one["backlog"], one["project"]))


def _contexts(last: list[dict[str, Any]]) -> Table:
    """Return the last contexts, a line each: when, where, for whom, and what they named first."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for name in ("at", "project", "type"):
        table.add_column(name, no_wrap=True)
    table.add_column("named first", no_wrap=True, ratio=1, style="dim")
    for one in last[:_SHOWN_CONTEXTS]:
        at = datetime.fromisoformat(one["at"]).astimezone()
        names = " ".join(posixpath.basename(path) for path in one["paths"])
        project = posixpath.basename(one["project"])
        table.add_row(f"{at:%H:%M}", clean(project), clean(one["type"]), clean(names))
    return table


@contextmanager
def _single_keys() -> Iterator[None]:
    """Let keys come one by one, and without being shown."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _is_left(wait_s: float) -> bool:
    """Return whether q was typed within *wait_s*; wait as long otherwise."""
    deadline = time.monotonic() + wait_s
    while (left_s := deadline - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left_s)[0] and sys.stdin.read(1) in ("q", ""):
            return True
    return False
