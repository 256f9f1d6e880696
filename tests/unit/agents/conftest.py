"""A user with an empty home folder and a project, and the settings files agents read there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq.agents import AGENTS, Installation, bundle, survey
from rtkq.config import Settings

#: Every settings file there is: agent and scope.
PLACES = [(agent.name, scope) for agent in AGENTS.values() for scope in agent.files]


@pytest.fixture(scope="session")
def staged_home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A home of rtkq with the hook in place: staging it once is enough for all."""
    home = str(tmp_path_factory.mktemp("rtkq"))
    bundle.stage(home, Settings(home=home))
    return home


class User:
    """Somebody with a home folder, a project, and no agent installed."""

    def __init__(self, folder: Path, rtkq_home: str) -> None:
        self.home = folder / "user"
        self.root = folder / "project"
        self.rtkq_home = rtkq_home
        self.home.mkdir()
        self.root.mkdir()

    def file(self, agent: str, scope: str) -> Path:
        """Return a settings file, which need not be there."""
        found = next(one for one in survey(self.root) if (one.agent, one.scope) == (agent, scope))
        return found.path

    def found(self, agent: str, scope: str) -> Installation:
        """Return what the survey says of one settings file."""
        (found,) = [one for one in survey(self.root) if (one.agent, one.scope) == (agent, scope)]
        return found

    def tree(self) -> dict[str, tuple[int, bytes | str | None]]:
        """Return all there is in home and project: mode and content by path, targets of links."""
        return {str(path): _described(path) for path in _walk([self.home, self.root])}


def _walk(tops: list[Path]) -> Iterator[Path]:
    for top in tops:
        yield top
        yield from sorted(top.rglob("*"))


def _described(path: Path) -> tuple[int, bytes | str | None]:
    mode = path.lstat().st_mode
    if path.is_symlink():
        return mode, os.readlink(path)
    return mode, path.read_bytes() if path.is_file() else None


@pytest.fixture
def user(tmp_path: Path, staged_home: str, monkeypatch: pytest.MonkeyPatch) -> User:
    """A user of this machine whose agents keep their settings below a temporary folder."""
    # Only a power cut could tell the difference, and hundreds of cases wait for the disk.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    made = User(tmp_path, staged_home)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("RTKQ_HOME", staged_home)
    monkeypatch.setenv("RTKQ_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for agent in AGENTS.values():
        monkeypatch.delenv(agent.variable or "RTKQ_UNSET", raising=False)
    return made
