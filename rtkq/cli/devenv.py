"""``rtkq devenv``: watcher, workers and health side by side in tmux."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import click

from rtkq import config
from rtkq.cli import options
from rtkq.cli.checkout import taken_up

_SESSION = "rtkq"
_PARTS = ("watch -v", "worker -v", "top")


@click.command("devenv")
@options.path_argument
def command(path: str) -> None:
    """Open a tmux session with watcher, workers and `rtkq top`, each in a pane.

    A session that is there already is shown again. Without tmux, or without a terminal, it
    prints the commands instead. Example:

        rtkq devenv ~/src/shop
    """
    root = taken_up(config.load().home, path)
    commands = [f"{shlex.quote(sys.executable)} -m rtkq.cli {part}" for part in _PARTS]
    tmux = shutil.which("tmux")
    if tmux is None or not sys.stdout.isatty():
        click.echo("\n".join(f"rtkq {part}" for part in _PARTS))
        return
    if _run(tmux, "has-session", "-t", _SESSION):
        _open(tmux, root, commands)
    os.execv(tmux, [tmux, "switch-client" if os.environ.get("TMUX") else "attach", "-t", _SESSION])


def _open(tmux: str, root: str, commands: list[str]) -> None:
    first, *others = commands
    _run(tmux, "new-session", "-d", "-s", _SESSION, "-c", root, first)
    for one in others:
        _run(tmux, "split-window", "-t", _SESSION, "-c", root, one)
    _run(tmux, "select-layout", "-t", _SESSION, "main-horizontal")


def _run(tmux: str, *words: str) -> int:
    return subprocess.run([tmux, *words], capture_output=True, check=False).returncode
