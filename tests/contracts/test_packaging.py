"""What is built for users: a wheel of three packages, and the whole tree as a source archive."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"rtkq": ROOT / "rtkq"} | {
    folder.name: folder for folder in (ROOT / "workers/rtkq_workers", ROOT / "hooks/rtkq_hooks")
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel of this tree, built without a network."""
    with zipfile.ZipFile(built("wheel", tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


def built(target: str, folder: Path) -> Path:
    """Build the *target* of this tree into *folder*, which was empty, and return its file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.iterdir()
    return file


def test_wheel_holds_the_three_packages_whole(wheel: zipfile.ZipFile) -> None:
    """Queries, the dictionary and markers of typing come along; tests and tools stay."""
    on_disk = {
        f"{package}/{file.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    beside = (".dist-info/", ".data/")
    packed = {name for name in wheel.namelist() if not any(part in name for part in beside)}

    assert packed == on_disk
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed
    assert {"rtkq/extract/queries/python.scm", "rtkq/russian.tsv"} <= packed
    assert "rtkq/serve/page/index.html" in packed


def test_version_is_that_of_the_package_wherever_it_is_named(wheel: zipfile.ZipFile) -> None:
    """It is raised in one place, and this tells where else it has to be."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    deployed = (ROOT / "deploy/team/kubernetes/kustomization.yaml").read_text()

    assert f"rtkq-{version}-" in str(wheel.filename)
    assert re.findall(r"newTag: (\S+)", deployed) == [version]


def test_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    """``rtkq`` is what the documentation tells people to type."""
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))

    assert "rtkq = rtkq.cli:main" in wheel.read(entry_points).decode()


def test_wheel_brings_the_hook_as_a_script(wheel: zipfile.ZipFile) -> None:
    """Not as an entry point: starting Python with all its packages takes too long."""
    (script,) = (name for name in wheel.namelist() if name.endswith(".data/scripts/rtkq-hook"))

    assert wheel.read(script).startswith(b"#!/bin/sh\n")


def test_source_archive_is_the_tree(tmp_path: Path) -> None:
    """Whoever has it can run the tests and read the pages; nothing that git ignores comes along."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    in_tree = {name for name in listed.split("\0") if name and (ROOT / name).exists()}

    with tarfile.open(built("sdist", tmp_path)) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}

    assert packed == in_tree | {"PKG-INFO"}
