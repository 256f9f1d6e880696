"""A project may move, vanish, come back as another one, or be a link: the right one is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Checkout

from .conftest import Machine, until


def assert_told_as_gone(machine: Machine) -> None:
    """Status, doctor and watcher say so, and nobody is given what is remembered."""
    status = machine.status()
    assert status["state"] == "missing"
    assert "is gone, `rtkq clear` forgets it" in status["last_error"]
    until(lambda: machine.root in machine.status()["processes"]["watch"]["missing"])
    assert machine.root in machine.doctor()["roots"]["detail"]


def assert_follows(machine: Machine, word: str) -> None:
    """The project at the root is watched, and known as one that was always there."""
    machine.checkout.write("src/late.py", f"def {word}():\n    return 1\n")
    until(lambda: machine.knows(word))
    machine.assert_as_from_nothing()
    until(lambda: machine.root not in machine.status()["processes"]["watch"]["missing"])
    assert machine.root not in machine.doctor()["roots"]["detail"]


def test_moved_project_is_waited_for(machine: Machine) -> None:
    """It is changed at its new place and moved back: what was changed there is found."""
    machine.up()
    elsewhere = f"{machine.root}-elsewhere"
    os.rename(machine.root, elsewhere)
    assert_told_as_gone(machine)
    assert machine.hook() == ""

    Path(elsewhere, "src/cache.py").write_text("def changed_elsewhere():\n    return 1\n")
    os.rename(elsewhere, machine.root)
    until(lambda: machine.knows("changed_elsewhere"))
    assert_follows(machine, "known_after_the_move")


def test_deleted_and_recreated_project_is_another_one(machine: Machine) -> None:
    """Nothing of the one before is left in its memory."""
    machine.up()
    shutil.rmtree(machine.root)
    assert_told_as_gone(machine)

    again = Checkout(Path(machine.root))
    again.write("lib/other.go", "package lib\n\nfunc AnotherProject() {}\n")
    again.commit("another beginning")
    until(lambda: machine.knows("AnotherProject"))
    assert not machine.knows("SessionStore")
    assert_follows(machine, "known_after_it_was_recreated")


def test_link_in_the_place_of_a_project_is_not_followed(machine: Machine) -> None:
    """It leads to another project, whose files are not this one's."""
    machine.up()
    real = f"{os.path.dirname(machine.root)}/real"
    os.rename(machine.root, real)
    os.symlink(real, machine.root)
    assert_told_as_gone(machine)

    os.unlink(machine.root)
    os.rename(real, machine.root)
    assert_follows(machine, "known_after_the_link")


@pytest.fixture
def unprivileged() -> list[str]:
    """Return a prefix under which permissions count, for root as well."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    if not shutil.which("setpriv") or subprocess.run([*prefix, "true"]).returncode != 0:
        pytest.skip("root without setpriv may read everything")
    return prefix


def test_subtree_that_may_not_be_read_comes_back_with_its_rights(
    machine: Machine, unprivileged: list[str]
) -> None:
    """Its files count as gone, and are there again as soon as they may be read."""
    machine.within = unprivileged
    machine.grow()
    machine.up()
    folder = Path(machine.root, "lib")
    before = machine.status()["files"]
    folder.chmod(0)
    try:
        machine.checkout.write("src/late.py", "def known_meanwhile(): ...\n")
        until(lambda: machine.knows("known_meanwhile"))
        assert machine.rtkq("sync", machine.root).returncode == 0
        assert machine.status()["files"] == before - 10 + 1
        assert machine.hook()
    finally:
        folder.chmod(0o755)

    until(lambda: machine.status()["files"] == before + 1)
    assert_follows(machine, "known_with_rights")
