"""`rtkq status` and `rtkq top` answer whether rtkq works, in every kind of terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtkq import store
from rtkq_workers.rebuild import rebuild
from tests.conftest import Checkout

_LONGEST_S = 30.0


@pytest.fixture
def project(home: str, checkout: Checkout) -> Checkout:
    """A registered checkout with a memory."""
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    store.touch_verified(home, checkout.root)
    return checkout


def top(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run `rtkq top` without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "rtkq.cli", "top"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
        check=False,
    )


@contextmanager
def on_a_terminal(*words: str, **variables: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command on a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rtkq.cli", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"} | variables,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(terminal: int, word: bytes) -> bytes:
    """Return what was shown up to *word*."""
    shown = b""
    deadline = time.monotonic() + _LONGEST_S
    while word not in shown:
        waiting = select.poll()  # of any number of descriptors, which select() is not
        waiting.register(terminal, select.POLLIN)
        assert waiting.poll(max(0.0, deadline - time.monotonic()) * 1000), shown
        shown += os.read(terminal, 65536)
    return shown


def test_without_a_terminal_it_prints_once(project: Checkout) -> None:
    """So that a script, or a report of a fault, can hold it."""
    done = top(COLUMNS="200")

    assert done.returncode == 0
    assert "not working: watcher and workers not running" in done.stdout
    assert f"{project.root} " in done.stdout
    assert "no spawn within the hour" in done.stdout
    assert "fresh" in done.stdout
    assert "\x1b[" not in done.stdout


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_it_fits_the_width_of_its_terminal(project: Checkout, columns: str) -> None:
    """Long lines are folded."""
    done = top(COLUMNS=columns)

    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert "fresh" in done.stdout


def test_terminal_without_unicode_is_given_ascii(project: Checkout) -> None:
    """Bars are drawn with what there is."""
    done = top(COLUMNS="120", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert done.stdout.isascii()


def test_q_leaves_and_gives_the_terminal_back(project: Checkout) -> None:
    """On a terminal it stays until it is told to go."""
    with on_a_terminal("top") as (process, terminal):
        read_until(terminal, b"q leaves")
        os.write(terminal, b"q")

        read_until(terminal, b"\x1b[?1049l")
        assert process.wait(_LONGEST_S) == 0


def shown(root: str, **variables: str) -> list[str]:
    """Return the lines of `rtkq status` on a terminal, control sequences included."""
    with on_a_terminal("status", root, **variables) as (_, terminal):
        return read_until(terminal, b"within the hour").decode().splitlines()


def plain(line: str) -> str:
    """Return a line without its control sequences."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_status_begins_with_the_verdict_in_every_width(project: Checkout, columns: str) -> None:
    """Then come project, processes and hook, and no line is too long."""
    lines = [plain(line) for line in shown(project.root, COLUMNS=columns)]

    assert lines[0].startswith("✗ not working: watcher and workers not running")
    assert any(project.root.rpartition("/")[2] in line and "fresh" in line for line in lines)
    assert [line.split()[0] for line in lines[-4:]] == ["watcher", "workers", "daemon", "hook"]
    assert max(map(len, lines)) <= int(columns)


def test_name_of_a_project_is_text(home: str, tmp_path: Path) -> None:
    """Also where it looks like a mark for colours, or like a small picture."""
    root = tmp_path / "[bold]x[" / "shop]:cat:"
    root.mkdir(parents=True)
    store.register(home, str(root))

    lines = [plain(line) for line in shown(str(root), COLUMNS="200")]

    assert any(line.startswith(f"{root} ") for line in lines)
    assert f"{root} " in top(COLUMNS="200").stdout


def test_status_without_colour_keeps_its_words(project: Checkout) -> None:
    """NO_COLOR switches off colours and nothing else."""
    coloured = shown(project.root)
    sober = shown(project.root, NO_COLOR="1")

    assert any("\x1b[31m" in line or "\x1b[1;31m" in line for line in coloured)
    assert not re.search(r"\x1b\[(\d;)?3[0-7]m", "".join(sober))
    assert list(map(plain, coloured))[:3] == list(map(plain, sober))[:3]


def test_status_on_a_terminal_without_unicode_is_ascii(project: Checkout) -> None:
    """The verdict has another sign there."""
    lines = shown(project.root, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii", COLUMNS="60")

    assert "".join(lines).isascii()
    assert plain(lines[0]).startswith("x not working")


def test_status_without_a_terminal_is_read_by_programs(project: Checkout) -> None:
    """The project, what is known of it, and a word a line; nothing that draws is loaded."""
    probe = "import runpy, sys; sys.argv = ['rtkq', 'status', *sys.argv[1:]]\n"
    probe += "try: runpy.run_module('rtkq.cli', run_name='__main__')\n"
    probe += "finally: print('rich' in sys.modules, 'huey' in sys.modules)"
    command = [sys.executable, "-c", probe, project.root]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    first, *rest, loaded = done.stdout.splitlines()
    words = [line.split()[0] for line in rest]
    assert first == project.root
    assert words == [
        "state", "files", "backlog", "watch", "worker", "serve", "hook", "verdict",
    ]  # fmt: skip
    assert loaded == "False False"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_devenv_shows_health_above_watcher_and_workers(
    home: str, checkout: Checkout, tmp_path: Path
) -> None:
    """Each in a pane that says what it is; they end with the session."""
    own = {"TMUX_TMPDIR": str(tmp_path), "TMUX": "", "LC_ALL": "C.UTF-8"}
    tmux = ["tmux", "list-panes", "-t", "rtkq", "-F", "#{pane_title} #{pane_dead} #{pane_pid}"]
    with on_a_terminal("devenv", checkout.root, **own) as (_, terminal):
        try:
            read_until(terminal, b"q leaves")
            told = subprocess.run(tmux, capture_output=True, text=True, env=os.environ | own)
        finally:
            subprocess.run(["tmux", "kill-server"], env=os.environ | own, check=True)

    panes = [line.rsplit(" ", 2) for line in told.stdout.splitlines()]
    assert [title for title, *_ in panes] == ["rtkq top", "rtkq watch -v", "rtkq worker -v"]
    assert {is_dead for _, is_dead, _ in panes} == {"0"}
    for *_, pid in panes:
        wait_until_gone(int(pid))


def wait_until_gone(pid: int) -> None:
    """Return when there is no such process any more."""
    deadline = time.monotonic() + _LONGEST_S
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline, pid
        time.sleep(0.02)


def test_devenv_without_a_terminal_prints_the_commands(checkout: Checkout, home: str) -> None:
    """Whoever has no tmux opens three terminals."""
    command = [sys.executable, "-m", "rtkq.cli", "devenv", checkout.root]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["rtkq watch -v", "rtkq worker -v", "rtkq top"]
