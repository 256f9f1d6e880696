"""A mirror holds what its remote has, runs nothing that came with it, and is never shared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rtkq import git, paths
from rtkq.errors import MirrorError
from rtkq_workers.central import mirror

CART = "git.example.org/shop/cart"
FILE = ("file",)


def brought_up_to_date(home: str, url: str, branch: str = "") -> str:
    """Return the root of a checkout of what is at *url*."""
    with mirror.held(home, CART, FILE) as held:
        held.check_out(held.fetch(url, branch))
        return held.root


def test_checkout_holds_what_the_remote_has(home: str, checkout: Any) -> None:
    """And follows it: files that went there go here."""
    root = brought_up_to_date(home, checkout.root)
    assert git.tip(root) == git.tip(checkout.root)
    checkout.git("rm", "-q", "src/cache.py")
    checkout.write("src/new.py", "def come(): ...\n")
    checkout.commit("change")

    assert brought_up_to_date(home, checkout.root) == root

    assert git.tip(root) == git.tip(checkout.root)
    assert git.files(root) == git.files(checkout.root)


def test_branch_that_was_rewritten_is_followed(home: str, checkout: Any) -> None:
    """As after a forced push."""
    root = brought_up_to_date(home, checkout.root, "main")
    checkout.git("commit", "-q", "--amend", "-m", "another start", "--no-verify")

    brought_up_to_date(home, checkout.root, "main")

    assert git.tip(root) == git.tip(checkout.root)


def test_other_branches_are_left_alone(home: str, checkout: Any) -> None:
    """Only the kept one is fetched."""
    checkout.git("branch", "feature")
    root = brought_up_to_date(home, checkout.root)

    refs = subprocess.check_output(["git", "-C", root, "for-each-ref", "--format=%(refname)"])

    assert refs.decode().split() == ["refs/heads/kept"]


def test_missing_branch_is_told(home: str, checkout: Any) -> None:
    """In git's words."""
    with pytest.raises(MirrorError, match="couldn't find remote ref"):
        brought_up_to_date(home, checkout.root, "nowhere")


def test_protocols_that_are_not_allowed_are_refused(home: str, checkout: Any) -> None:
    """Also those that would run a program."""
    with mirror.held(home, CART, ("https", "ssh")) as held:
        with pytest.raises(MirrorError, match="transport 'file' not allowed"):
            held.fetch(checkout.root, "")
        with pytest.raises(MirrorError, match="transport 'ext' not allowed"):
            held.fetch(f"ext::touch {home}/run", "")

    assert not os.path.exists(f"{home}/run")


def test_credentials_in_what_git_says_are_left_out(home: str) -> None:
    """It goes into a table that the team reads."""
    with (
        mirror.held(home, CART, ("https",)) as held,
        pytest.raises(MirrorError) as raised,
    ):
        held.fetch("https://me:s3cret@127.0.0.1:1/cart.git", "")

    assert "127.0.0.1" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_nothing_that_came_with_a_repository_is_run(
    home: str, checkout: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither hooks of a template, nor filters that somebody set up for this user."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/run\ncat\n")
    trap.chmod(0o755)
    hooks = tmp_path / "template/hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-checkout").symlink_to(trap)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f"[init]\n\ttemplateDir = {tmp_path}/template\n[core]\n\thooksPath = {hooks}\n"
        f'[filter "trap"]\n\tsmudge = {trap}\n\trequired = true\n'
    )
    checkout.write(".gitattributes", "*.py filter=trap\n")
    checkout.commit("filters")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))

    root = brought_up_to_date(home, checkout.root)

    assert Path(root, "src/cache.py").read_text() == checkout.read("src/cache.py")
    assert not (tmp_path / "run").exists()


def test_what_a_kill_left_half_done_is_made_good(home: str, checkout: Any) -> None:
    """A lock of git's, a checkout without its state."""
    root = brought_up_to_date(home, checkout.root)
    repository = Path(root).parent / "repository.git"
    (repository / "worktrees/tree/index.lock").touch()
    checkout.commit("another")
    brought_up_to_date(home, checkout.root)
    (repository / "worktrees/tree/HEAD").write_text("nonsense")

    brought_up_to_date(home, checkout.root)

    assert git.tip(root) == git.tip(checkout.root)


def test_damaged_repository_is_noticed_and_discarded(home: str, checkout: Any) -> None:
    """Else every try would fail as the one before."""
    root = brought_up_to_date(home, checkout.root)
    objects = Path(root).parent / "repository.git/objects"
    for file in [*objects.glob("pack/*.pack"), *objects.glob("??/*")]:
        file.chmod(0o600)
        file.write_bytes(b"damaged")

    with mirror.held(home, CART, FILE) as held:
        assert not held.is_whole()
        held.discard()
        held.check_out(held.fetch(checkout.root, ""))
        assert held.is_whole()

    assert git.files(root) == git.files(checkout.root)


HOLDER = """\
import os, signal, sys
from rtkq_workers.central import mirror
with mirror.held(sys.argv[1], sys.argv[2], ("file",)) as held:
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_mirror_of_a_frozen_worker_is_left_alone(home: str, checkout: Any) -> None:
    """Another one is made beside it: the frozen one may wake up in the middle of its work."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, home, CART]) as frozen:
        os.waitid(os.P_PID, frozen.pid, os.WSTOPPED | os.WNOWAIT)

        assert brought_up_to_date(home, checkout.root).endswith("/1/tree")

        frozen.send_signal(signal.SIGCONT)
    assert brought_up_to_date(home, checkout.root).endswith("/0/tree")


def test_lock_is_free_only_when_the_last_git_has_ended(home: str, tmp_path: Path) -> None:
    """What a killed worker left running works on in its mirror."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    code = f"""\
import os, subprocess, sys
from rtkq_workers.central import mirror
with mirror.held({home!r}, {CART!r}, ("ext",)) as held:
    held.fetch("ext::cat {gate}", "")
"""
    worker = subprocess.Popen([sys.executable, "-c", code])
    with gate.open("w"):  # opens when git's helper has
        worker.kill()
        worker.wait()
        with mirror.held(home, CART, FILE) as other:
            assert other.folder == f"{os.path.realpath(paths.mirror(home, CART))}/1"


def test_mirror_that_nobody_used_for_a_week_is_deleted(home: str, checkout: Any) -> None:
    """One that is in use stays, and so does one that was lately."""
    with mirror.held(home, CART, FILE):
        brought_up_to_date(home, checkout.root)
        brought_up_to_date(home, checkout.root)
        brought_up_to_date(home, checkout.root)
        for number in (0, 1):
            os.utime(f"{paths.mirror(home, CART)}/{number}/lock", (0, 0))
        with mirror.held(home, "another", FILE):
            pass

        mirror.discard_unused(home, time.time())

        assert os.listdir(paths.mirror(home, CART)) == ["0"]
        assert os.listdir(paths.mirror(home, "another")) == ["0"]
