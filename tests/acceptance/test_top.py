"""One screen answers whether rtkq works, in every kind of terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

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
def on_a_terminal(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command on a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rtkq.cli", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
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
        read_until(terminal, b"not working")
        os.write(terminal, b"q")

        read_until(terminal, b"\x1b[?1049l")
        assert process.wait(_LONGEST_S) == 0


def test_devenv_without_a_terminal_prints_the_commands(checkout: Checkout, home: str) -> None:
    """Whoever has no tmux opens three terminals."""
    command = [sys.executable, "-m", "rtkq.cli", "devenv", checkout.root]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["rtkq watch -v", "rtkq worker -v", "rtkq top"]
