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
#: Health comes last: its pane is the large one.
_PARTS = ("watch -v", "worker -v", "top")
#: What an older tmux does not know it leaves out.
_OPTIONS = {
    "main-pane-height": "25",
    "pane-border-status": "top",
    "pane-border-format": " #{pane_title} ",
    "pane-base-index": "0",
    "remain-on-exit": "failed",  # so that the reason can be read
}


@click.command("devenv")
@options.path_argument
def command(path: str) -> None:
    """Open a tmux session with watcher, workers and `rtkq top`, each in a pane.

    A session that is there already is shown again; `tmux kill-session -t rtkq` ends it. Without
    tmux, or without a terminal, it prints the commands instead. Example:

        rtkq devenv ~/src/shop
    """
    root = taken_up(config.load().home, path)
    tmux = shutil.which("tmux")
    if tmux is None or not sys.stdout.isatty():
        click.echo("\n".join(f"rtkq {part}" for part in _PARTS))
        return
    if _run(tmux, "has-session", "-t", _SESSION):
        _open(tmux, root)
    os.execv(tmux, [tmux, "switch-client" if os.environ.get("TMUX") else "attach", "-t", _SESSION])


def _open(tmux: str, root: str) -> None:
    *logs, health = _PARTS
    _run(tmux, "new-session", "-d", "-s", _SESSION, "-c", root, _command(health))
    for name, value in _OPTIONS.items():
        _run(tmux, "set-window-option", "-t", _SESSION, name, value)
    for number, part in enumerate(logs, 1):
        _run(tmux, "split-window", "-t", _SESSION, "-c", root, _command(part))
        _run(tmux, "select-pane", "-t", f"{_SESSION}:.{number}", "-T", f"rtkq {part}")
    _run(tmux, "select-layout", "-t", _SESSION, "main-horizontal")
    _run(tmux, "select-pane", "-t", f"{_SESSION}:.0", "-T", f"rtkq {health}")


def _command(part: str) -> str:
    return f"{shlex.quote(sys.executable)} -m rtkq.cli {part}"


def _run(tmux: str, *words: str) -> int:
    return subprocess.run([tmux, *words], capture_output=True, check=False).returncode
