"""Logs that launchd writes are bounded, whoever starts and however often that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtkq.config import Settings
from rtkq.service.launchd import Launchd
from rtkq.service.runner import Answer
from rtkq_workers.chores.prune import prune
from rtkq_workers.processes import logs


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where launchd lets the watcher write, in the home folder of a user."""
    monkeypatch.setenv("HOME", str(tmp_path))
    file = Path(os.path.expanduser(logs.FOLDER), "watch.log")
    file.parent.mkdir(parents=True)
    return file


def test_log_that_is_open_is_begun_anew_and_goes_on(log: Path) -> None:
    """What it held stays beside it once, and what is written next stands at its beginning."""
    with log.open("ab", buffering=0) as held_by_launchd:
        for turn in range(4):
            held_by_launchd.write(f"turn {turn}\n".encode() * 20)
            logs.shorten(most_bytes=100)
        held_by_launchd.write(b"last\n")

    assert log.read_text() == "last\n"
    assert {file.name: file.stat().st_size for file in log.parent.iterdir()} == {
        "watch.log": 5,
        "watch.log.old": 140,
    }
    assert Launchd(lambda _words: Answer(0, "")).logs(2) == ["turn 3", "last"]


def test_short_log_is_left_alone(log: Path) -> None:
    """Nobody loses the last lines before a crash."""
    log.write_text("a line\n")
    logs.shorten()

    assert [file.name for file in log.parent.iterdir()] == ["watch.log"]


def test_workers_shorten_logs_as_they_prune(home: str, log: Path) -> None:
    """Every ten minutes, so a watcher that lives for months does not fill the disk."""
    log.write_bytes(b"." * (logs.MOST_BYTES + 1))
    prune(Settings(home=home))

    assert log.stat().st_size == 0


def test_service_that_fails_at_every_start_fills_no_disk(home: str, log: Path) -> None:
    """Launchd starts it again every ten seconds, and no worker may be alive to prune."""
    Path(os.environ["RTKQ_CONFIG"]).write_text("[watch\n")
    log.write_bytes(b"." * (logs.MOST_BYTES + 1))
    with log.open("ab") as held_by_launchd:
        done = subprocess.run(
            [sys.executable, "-m", "rtkq.cli", "watch"], stderr=held_by_launchd, timeout=60
        )

    assert done.returncode == 1
    assert log.stat().st_size < 1000
    assert "reading the configuration" in log.read_text()
