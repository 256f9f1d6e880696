"""A file system whose other end is gone holds up those who ask about it, and nobody else."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtkq_workers.checkout import mounts
from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon
from tests.integration.serve.test_hook import spawn

_DETACH = 2


@pytest.fixture
def dead(tmp_path: Path) -> Iterator[str]:
    """A folder on a file system that never answers: every look at it hangs."""
    folder = tmp_path / "dead end"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        other_end = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        pytest.skip("there is no FUSE here")
    options = f"fd={other_end},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    if libc.mount(b"dead", bytes(folder), b"fuse.sshfs", 0, options.encode()):
        os.close(other_end)
        pytest.skip("mounting is not allowed here")
    yield str(folder)
    os.close(other_end)  # whoever hangs there is told that it is gone
    libc.umount2(bytes(folder), _DETACH)


def test_dead_mount_holds_nobody_else_up(
    dead: str, project: Checkout, start: Callable[..., Daemon]
) -> None:
    """Asked again and again, by hook and by command."""
    daemon = start()
    for number in range(3):
        document = spawn(f"{dead}/shop{number}", "refresh the session")
        assert daemon.post("/v1/hook/claude-code", **document).json == {}
    asked = daemon.post("/v1/plan", project_root=f"{dead}/shop", task="refresh the session")

    assert (asked.status, asked.json["error"]["kind"]) == (504, "timeout")
    answer = daemon.post("/v1/hook/claude-code", **spawn(project.root, "refresh the session"))
    assert b"src/session.py" in answer.body
    planned = daemon.post("/v1/plan", project_root=project.root, task="refresh the session")
    assert planned.status == 200
    assert daemon.stop() == 0


def test_remote_mounts_are_known_without_a_look(dead: str) -> None:
    """By the name that they have, blanks and all."""
    assert dead in mounts.remote_points()
