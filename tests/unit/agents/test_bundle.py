"""The staged hook appears whole, stays as it is while nothing changes, and old ones go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import rtkq_hooks
from rtkq.agents import bundle
from rtkq.config import HookSettings, PolicySettings, Settings
from rtkq_hooks.main import read_settings


def stage(home: Path) -> None:
    """Stage the hook with the default settings."""
    bundle.stage(str(home), Settings(home=str(home)))


def bundles(home: Path) -> list[Path]:
    """Return the staged bundles."""
    return [entry for entry in (home / "hook").iterdir() if entry.is_dir()]


def changed_source(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make the hook look like that of another version."""
    for file in Path(rtkq_hooks.__path__[0]).glob("*.py"):
        (folder / file.name).write_text(file.read_text() + "\n# another version\n")
    monkeypatch.setattr(rtkq_hooks, "__path__", [str(folder)])


def test_settings_read_back_as_the_hook_reads_them(tmp_path: Path) -> None:
    """The flat file holds what the hook needs, under the names it asks for."""
    settings = Settings(
        home=str(tmp_path),
        hook=HookSettings(deadline_ms=100),
        policy=PolicySettings(exempt=("fork", "my agent"), explore="deny"),
    )

    bundle.stage(str(tmp_path), settings)

    read = read_settings(str(tmp_path / "hook" / "settings"))
    assert read == bundle.flat(str(tmp_path), settings)
    assert (read["deadline_ms"], read["exempt"]) == ("100", "fork,my agent")


def test_staging_again_changes_nothing(tmp_path: Path) -> None:
    """It is done at every start of the service, so it must be next to free."""
    stage(tmp_path)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}

    stage(tmp_path)

    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def test_another_version_gets_a_bundle_of_its_own(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spawn in the middle of an upgrade finishes with the modules it began with."""
    stage(tmp_path)
    (first,) = bundles(tmp_path)
    os.utime(first, (0, 0))

    changed_source(monkeypatch, tmp_path_factory.mktemp("source"))
    stage(tmp_path)

    (second,) = set(bundles(tmp_path)) - {first}
    assert first.exists()
    assert str(second) in Path(bundle.command(str(tmp_path))).read_text()


def test_retired_bundle_goes_after_a_day(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its age counts from the day another one took over."""
    stage(tmp_path)
    (first,) = bundles(tmp_path)
    changed_source(monkeypatch, tmp_path_factory.mktemp("source"))
    stage(tmp_path)

    day_ago = time.time() - 25 * 3600
    os.utime(first, (day_ago, day_ago))
    stage(tmp_path)

    assert first not in bundles(tmp_path)
    assert len(bundles(tmp_path)) == 1


def test_everything_is_private(tmp_path: Path) -> None:
    """Only the user may change what their agents run."""
    home = tmp_path / "home"
    stage(home)

    for entry in [home, *home.rglob("*")]:
        assert entry.stat().st_mode & 0o077 == 0, entry
