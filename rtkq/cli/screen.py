"""What `rtkq status` and `rtkq top` show on a terminal: the same pieces, in any width."""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtkq.answers.lately import Spawns
from rtkq.answers.standing import Standing
from rtkq.answers.verdict import PROCESSES, Verdict, is_alive
from rtkq.cli.wording import counted, duration, hindrances, reached, spawns, troubles
from rtkq.recall.render import clean

#: Level of a verdict → colour, sign, and the sign where there is no Unicode.
_LEVELS = {"well": ("green", "✓", "+"), "care": ("yellow", "!", "!"), "ill": ("red", "✗", "x")}
_STATES = {"fresh": "green", "missing": "red"}
#: Columns of the projects and the least width of the terminal at which they are shown.
_COLUMNS = {"state": 0, "age": 0, "backlog": 0, "lag": 56, "files": 70}
#: What these columns take, the gaps between them included.
_TAKEN = {"state": 10, "age": 8, "backlog": 9, "lag": 8, "files": 8}
_LEAST_NAME = 12


def console() -> Console:
    """Return the terminal, on which names of files are text and nothing else."""
    return Console(highlight=False, markup=False, emoji=False)


def has_unicode(console: Console) -> bool:
    """Return whether the terminal can show more than ASCII."""
    return console.encoding.lower().startswith("utf")


def show(found: Standing) -> None:
    """Print one screen that answers whether it works, then tells more."""
    terminal = console()
    terminal.print(head(found.verdict, terminal), end="\n\n")
    if found.projects:
        terminal.print(projects(found.projects, terminal))
        terminal.print(*remarks(found.projects), sep="\n", end="\n\n")
    terminal.print(processes(found))


def head(verdict: Verdict, console: Console) -> Text:
    """Return the line that answers whether it works."""
    colour, sign, plain = _LEVELS[verdict.level]
    return Text(f"{sign if has_unicode(console) else plain} {verdict.text}", f"bold {colour}")


def projects(entries: Sequence[dict[str, Any]], console: Console, most: int | None = None) -> Table:
    """Return the *entries* as a table, in the order given, and not more than *most* of them."""
    shown = [name for name, least in _COLUMNS.items() if console.width >= least]
    room = max(_LEAST_NAME, console.width - sum(_TAKEN[name] for name in shown))
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("project", no_wrap=True)
    for name in shown:
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    for entry in entries[:most]:
        cells = _cells(entry)
        name = short(clean(entry["project"]), room, has_unicode(console))
        table.add_row(name, *(cells[column] for column in shown))
    if most is not None and len(entries) > most:
        table.add_row(Text(f"and {len(entries) - most} more", "dim"))
    return table


def _cells(entry: dict[str, Any]) -> dict[str, Text]:
    owes = entry["backlog"]
    return {
        "state": Text(entry["state"], _STATES.get(entry["state"], "yellow")),
        "age": Text("-" if entry["age_s"] is None else duration(entry["age_s"])),
        "backlog": Text(str(owes), "yellow" if owes else "dim"),
        "lag": Text(duration(entry["lag_s"]) if owes else "-", "yellow" if owes else "dim"),
        "files": Text(str(entry["files"])),
    }


def short(path: str, room: int, unicode: bool) -> str:
    """Return *path* in at most *room* characters: its end, for that tells most."""
    home = os.path.expanduser("~")
    if path.startswith(f"{home}/"):
        path = f"~{path[len(home) :]}"
    if len(path) <= room:
        return path
    dots = "…" if unicode else "..."
    tail = path[len(path) - room + len(dots) :]
    # From a slash on, unless the last name alone is too long.
    return dots + (tail[tail.index("/") :] if "/" in tail else tail)


def remarks(entries: Iterable[dict[str, Any]]) -> Iterator[Text]:
    """Yield a line for everything in the *entries* that somebody should see to."""
    for entry in entries:
        for name, told in troubles(entry):
            style = "red" if name == "error" else "yellow"
            of_what = "" if name == "error" else f"{name}: "
            yield Text(f"{clean(posixpath.basename(entry['project']))}: {of_what}{told}", style)


def processes(found: Standing) -> Table:
    """Return a line each for the background processes, the daemon, the team and the hook."""
    grid = Table.grid(padding=(0, 2))
    for _ in ("name", "life"):
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    watch, worker = (found.processes[kind] for kind in PROCESSES)
    grid.add_row("watcher", _life(watch), _watched(watch))
    grid.add_row("workers", _life(worker), _work(worker, found.waiting))
    grid.add_row("daemon", *_listening(found.daemon))
    if found.team is not None:
        grid.add_row("team", "", f"{found.team['url']}, {reached(found.team, time.time())}")
    grid.add_row("hook", _called(found.hour), spawns(found.hour))
    return grid


def _life(beat: dict[str, Any] | None) -> Text:
    if is_alive(beat):
        return Text("alive", "green")
    return Text("not running" if beat is None else "dead", "red")


def _watched(beat: dict[str, Any] | None) -> str:
    if beat is None:
        return "changes are not noticed"
    told = f"{counted(beat.get('projects', 0), 'project')}, {_beaten(beat)}"
    return "\n".join([told, *hindrances(beat)])


def _work(beat: dict[str, Any] | None, owing: int) -> str:
    waiting = f"{counted(owing, 'project')} waiting" if owing else "nothing waits"
    if beat is None:
        return waiting
    return f"{counted(beat.get('workers', 0), 'process', 'processes')}, {waiting}, {_beaten(beat)}"


def _beaten(beat: dict[str, Any]) -> str:
    return f"beat {duration(max(0.0, time.time() - beat['beat_at']))} ago"


def _listening(daemon: str) -> tuple[Text, str]:
    return (Text("listening", "green"), daemon) if daemon else (Text("off", "dim"), "no page")


def _called(lately: Spawns) -> Text:
    if not lately.seen:
        return Text("idle", "dim")
    return Text("called", "green" if lately.injected else "yellow")
