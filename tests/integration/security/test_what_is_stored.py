"""What lies under RTKQ_HOME is its user's alone, and no word of a prompt is in it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq import receipts
from rtkq.agents import bundle
from rtkq_workers.processes import heartbeat
from tests.conftest import Checkout

PROMPT = "promptcanary71 find evict"
VARIABLE = "environmentcanary72"
DEADLINE_S = 60.0
RECORDED = Path(__file__).parents[2] / "fixtures/claude-code/2.1.330"


@pytest.fixture
def session(home: str, checkout: Checkout, tmp_path: Path) -> Iterator[Path]:
    """A home after a whole session under a careless umask; gives the log of ``rtkq up``."""
    log = tmp_path / "up.log"
    environment = os.environ | {"SOME_TOKEN": VARIABLE}
    before = os.umask(0)
    try:
        with log.open("wb") as stream:
            up = subprocess.Popen(
                [sys.executable, "-m", "rtkq.cli", "up", "-v", "--no-serve", checkout.root],
                env=environment,
                stdout=stream,
                stderr=stream,
            )
        deadline = time.monotonic() + DEADLINE_S
        while not (heartbeat.is_alive(home, "watch") and heartbeat.is_alive(home, "worker")):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        subprocess.run(
            [sys.executable, "-m", "rtkq.cli", "sync", checkout.root], env=environment, check=True
        )
        for recorded in ("PreToolUse-Agent", "SubagentStart"):
            document = json.loads((RECORDED / f"{recorded}.json").read_text())
            document["cwd"] = checkout.root
            if "tool_input" in document:
                document["tool_input"]["prompt"] = PROMPT
            subprocess.run(
                [bundle.command(home), "claude-code"],
                input=json.dumps(document).encode(),
                env=environment,
                check=True,
            )
        yield log
    finally:
        os.umask(before)
        if up.poll() is None:
            up.send_signal(signal.SIGTERM)
            up.wait(DEADLINE_S)


def files(home: str) -> list[Path]:
    return [Path(home), *Path(home).rglob("*")]


def test_everything_stored_is_for_its_user_alone(home: str, session: Path) -> None:
    """Folders and databases, queue, sockets and receipts: 0700 and 0600 whatever the umask."""
    exposed = [
        f"{oct(stat.S_IMODE(found.st_mode))} {path}"
        for path in files(home)
        if not stat.S_ISLNK((found := path.lstat()).st_mode) and found.st_mode & 0o077
    ]

    assert len(files(home)) > 20
    assert exposed == []


def test_neither_prompt_nor_environment_is_stored(home: str, session: Path) -> None:
    """Not in receipts, logs, markers, queue or memories."""
    stored = [path for path in (*files(home), session) if path.is_file()]

    told = [
        line
        for path in Path(home, "receipts").glob("*.log")
        for line in receipts.read(str(path))[0]
    ]
    assert [line["outcome"] for line in told] == ["injected", "marked"]
    for canary in (PROMPT.split()[0], VARIABLE):
        assert not [path for path in stored if canary.encode() in path.read_bytes()]
        assert not [path for path in files(home) if canary in path.name]
