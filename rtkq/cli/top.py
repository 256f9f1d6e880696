"""``rtkq top``: one live screen that answers "is it working?"."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rtkq import config
from rtkq.config import Settings
from rtkq.recall.render import clean

_EVERY_S = 1.0
_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = ".:-=+*#@"
_SHOWN_PROJECTS = 12
_SHOWN_CONTEXTS = 5
_COLOURS = {"fresh": "green", "missing": "red"}
_NAMES = {"watch": "watcher", "worker": "workers"}


@click.command("top")
def command() -> None:
    """Show live whether rtkq works: processes, projects, spawns, the last contexts.

    q or Ctrl-C leaves. Without a terminal it prints once and ends. Example:

        rtkq top
    """
    settings = config.load()
    console = Console(highlight=False)
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

    now = activity(settings, {})
    bars = _BARS if console.encoding.startswith("utf") else _PLAIN_BARS
    return Group(
        _verdict(now),
        Text(),
        _numbers(now),
        Text("spawns by the minute  " + _sparkline(now["minutes"], bars), style="cyan"),
        Text(),
        _projects(now["projects"]),
        Text(),
        *_contexts(now["last"], console.width),
    )


def _verdict(now: dict[str, Any]) -> Text:
    beats = {name: now["processes"][kind] for kind, name in _NAMES.items()}
    dead = [name for name, beat in beats.items() if beat is None or not beat["is_alive"]]
    if dead:
        told = f"not working: {' and '.join(dead)} not running; `rtkq up` starts them"
        return Text(told, style="bold red")
    owing = [one for one in now["projects"] if one["state"] != "fresh"]
    if owing:
        return Text(f"working; {len(owing)} of {len(now['projects'])} not fresh", style="yellow")
    return Text("working; everything fresh", style="bold green")


def _numbers(now: dict[str, Any]) -> Text:
    today = now["today"]
    times = [today["latency_ms"][key] for key in ("p50", "p95")]
    told = {
        "spawns today": str(today["spawns"]),
        "with context": _percent(today["injection_rate"]),
        "hook": " / ".join("-" if one is None else f"{one:.1f}" for one in times) + " ms",
        "rebuilds": str(now["rebuilds"]["count"]),
        "queue": str(now["queue"]["depth"]),
    }
    return Text("   ".join(f"{name} {value}" for name, value in told.items()))


def _sparkline(minutes: list[dict[str, Any]], bars: str) -> str:
    """Return the spawns of the last half hour, a character a minute."""
    counts = [one["spawns"] for one in minutes[len(minutes) // 2 :]]
    most = max(counts) or 1
    return "".join(bars[(len(bars) - 1) * count // most] for count in counts)


def _projects(projects: list[dict[str, Any]]) -> Table:
    """Return those that owe something first."""
    table = Table(box=None, pad_edge=False, expand=False)
    table.add_column("project", overflow="fold", ratio=1)
    for name in ("state", "files", "backlog", "lag"):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    ordered = sorted(projects, key=lambda one: (-one["backlog"], one["project"]))
    for one in ordered[:_SHOWN_PROJECTS]:
        state = Text(one["state"], style=_COLOURS.get(one["state"], "yellow"))
        lag = f"{one['lag_s']:.0f} s" if one["backlog"] else "-"
        row = (clean(one["project"]), state, str(one["files"]), str(one["backlog"]), lag)
        table.add_row(*row)
    if len(projects) > _SHOWN_PROJECTS:
        table.add_row(f"and {len(projects) - _SHOWN_PROJECTS} more")
    return table


def _contexts(last: list[dict[str, Any]], width: int) -> Iterator[Text]:
    for one in last[:_SHOWN_CONTEXTS]:
        paths = ", ".join(map(clean, one["paths"]))
        line = f"{one['at'][11:16]}  {clean(one['type'])}  {one['tokens']} tokens  {paths}"
        yield Text(line[:width], style="dim")


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.0f} %"


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
