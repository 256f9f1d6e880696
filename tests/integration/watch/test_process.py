"""The watcher as a process: one a home, gone when told, harmless when killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rtkq import paths

from .conftest import DEADLINE_S, Checkout

_RUN = """
import sys
from rtkq import config, errors
from rtkq_workers.watch import watcher
try:
    sys.exit(watcher.run(config.load()))
except errors.RtkqError as error:
    sys.exit(f"{error.message}; {error.hint}")
"""
Launch = Callable[..., "subprocess.Popen[bytes]"]


def heartbeat(home: str) -> Mapping[str, Any]:
    """Return the newest heartbeat, or nothing."""
    try:
        document: Mapping[str, Any] = json.loads(
            Path(paths.heartbeat_file(home, "watch")).read_text()
        )
    except FileNotFoundError:
        return {}
    return document


def until(condition: Callable[[], object]) -> None:
    """Wait until *condition* holds; fail at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """The file that takes what the watchers print to stderr."""
    return tmp_path / "stderr"


@pytest.fixture
def launch(home: str, told: Path) -> Iterator[Launch]:
    """Start a watcher process and wait until it says that nothing is pending."""
    launched: list[subprocess.Popen[bytes]] = []

    def start(*before: str, wait: bool = True, **variables: str) -> subprocess.Popen[bytes]:
        with told.open("ab") as stderr:
            process = subprocess.Popen(
                [*before, sys.executable, "-c", _RUN],
                env=os.environ | {"RTKQ_HOME": home, "RTKQ_CONFIG": "/nowhere"} | variables,
                stderr=stderr,
            )
        launched.append(process)
        if wait:
            until(lambda: _is_settled(heartbeat(home), process))
        return process

    yield start
    for process in launched:
        process.kill()
        process.wait()


def with_limit(name: str, value: int) -> tuple[str, ...]:
    """Return what to put before a command to run it under a lower limit of the kernel."""
    lower = f'echo {value} > /proc/sys/user/{name} && exec "$@"'
    command = ("unshare", "--user", "--map-root-user", "sh", "-c", lower, "sh")
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    return command


def _is_settled(beat: Mapping[str, Any], process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None
    return bool(beat.get("pid") == process.pid and beat["directories"] and not beat["pending"])


def test_sigterm_looks_at_what_is_pending_and_ends(checkout: Checkout, launch: Launch) -> None:
    """A change that still waits for silence is owed before the watcher ends with 0."""
    process = launch(RTKQ_WATCH_QUIET_MS="60000", RTKQ_WATCH_MAX_WAIT_MS="60000")
    checkout.write("a.py", "x = 1\n")
    until(lambda: heartbeat(checkout.home)["pending"])
    assert checkout.owed() == set()

    process.send_signal(signal.SIGTERM)

    assert process.wait(DEADLINE_S) == 0
    assert checkout.owed() == {"a.py"}


def test_a_second_watcher_is_refused_and_told_whom_to_ask(
    checkout: Checkout, launch: Launch, told: Path
) -> None:
    """A home has one watcher; another one names it and ends with 1."""
    first = launch()
    second = launch(wait=False)

    assert second.wait(DEADLINE_S) == 1
    assert f"process {first.pid} is watching already" in told.read_text()


def test_up_beside_a_watcher_is_refused(checkout: Checkout, launch: Launch) -> None:
    """Who types it twice is told so, and no second pair of workers is left running."""
    first = launch()

    second = subprocess.run(
        [sys.executable, "-m", "rtkq.cli", "up"],
        env=os.environ | {"RTKQ_HOME": checkout.home, "RTKQ_CONFIG": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )

    assert second.returncode == 1
    assert f"process {first.pid} is watching already" in second.stderr


def test_a_watcher_killed_before_the_flush_owes_it_after_the_restart(
    checkout: Checkout, launch: Launch
) -> None:
    """A change that died with the watcher is found by the rescan every start begins with."""
    killed = launch(RTKQ_FAILPOINT="watch.before_flush")
    checkout.write("a.py", "x = 1\n")
    assert killed.wait(DEADLINE_S) == -signal.SIGKILL
    assert checkout.owed() == set()

    launch()

    until(lambda: checkout.owed() == {"a.py"})


def test_at_the_kernels_watch_limit_projects_are_polled(
    checkout: Checkout, launch: Launch, told: Path
) -> None:
    """Without watches the watcher says so, and finds changes all the same."""
    limited = with_limit("max_inotify_watches", 2)
    launch(*limited)
    beat = heartbeat(checkout.home)
    assert beat["limits"] == ["fs.inotify.max_user_watches"]
    assert beat["polled"] == [str(checkout.root)]

    checkout.write("pkg/b.py", "x = 1\n")

    until(lambda: checkout.owed() == {"pkg/b.py"})
    assert "sysctl fs.inotify.max_user_watches" in told.read_text()


def test_without_an_inotify_instance_everything_is_polled(
    checkout: Checkout, launch: Launch
) -> None:
    """The limit on instances is named, and the watcher goes on without."""
    limited = with_limit("max_inotify_instances", 0)
    launch(*limited, wait=False)

    until(lambda: heartbeat(checkout.home).get("limits") == ["fs.inotify.max_user_instances"])
