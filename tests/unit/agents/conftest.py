"""A user with an empty home folder and a project, and no agent's program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq.agents import AGENTS, Installation, Scope, bundle, survey
from rtkq.agents.agent import Site

#: Every settings file there is: agent and scope.
PLACES = [(agent.name, scope) for agent in AGENTS.values() for scope in agent.files]


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
        path = AGENTS[agent].file(Scope(scope), Site.here(self.root))
        assert path is not None
        return path

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
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """A user of this machine whose agents keep their settings below a temporary folder."""
    # Only a power cut could tell the difference, and hundreds of cases wait for the disk.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    # It has tests of its own, takes longer than all the rest, and touches no settings.
    monkeypatch.setattr(bundle, "stage", lambda _home, _settings: None)
    made = User(tmp_path, str(tmp_path / "rtkq"))
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("RTKQ_HOME", made.rtkq_home)
    monkeypatch.setenv("RTKQ_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for agent in AGENTS.values():
        monkeypatch.delenv(agent.variable or "RTKQ_UNSET", raising=False)
    return made
