"""A spawn that was seen at its call is not served again at its start."""

import os
from pathlib import Path

import pytest

from rtkq_hooks import spawns


@pytest.fixture
def home(tmp_path: Path) -> str:
    """Return a folder as $RTKQ_HOME."""
    return str(tmp_path)


def markers(home: str) -> list[Path]:
    """Return the markers that are left."""
    return [file for file in Path(home).rglob("*") if file.is_file()]


def test_each_marker_is_taken_once(home: str) -> None:
    """Two spawns of one type leave two markers, and two starts take them away."""
    spawns.drop(home, "session", "prompt", "explore")
    spawns.drop(home, "session", "prompt", "explore")

    taken = [spawns.take(home, "session", "prompt", "explore") for _ in range(3)]

    assert taken == [True, True, False]
    assert markers(home) == []


@pytest.mark.parametrize(
    "other",
    [
        ("other", "prompt", "explore"),
        ("session", "other", "explore"),
        ("session", "prompt", "plan"),
        ("session", "prompt", "exp"),
        ("session", "", "explore"),
    ],
)
def test_marker_counts_for_its_own_spawn_only(home: str, other: tuple[str, str, str]) -> None:
    """Session, prompt and type must all agree."""
    spawns.drop(home, "session", "prompt", "explore")

    assert not spawns.take(home, *other)
    assert spawns.take(home, "session", "prompt", "explore")


def test_marker_older_than_a_minute_does_not_count(home: str) -> None:
    """A spawn that never came does not hide a later one."""
    spawns.drop(home, "session", "prompt", "explore")
    (marker,) = markers(home)
    os.utime(marker, (marker.stat().st_mtime - spawns.LIFETIME_S - 1,) * 2)

    assert not spawns.take(home, "session", "prompt", "explore")


def test_client_without_prompt_ids_is_served(home: str) -> None:
    """Clients before 2.1.196 send none; their markers lie under a dash."""
    spawns.drop(home, "session", "", "explore")

    assert [marker.parent.name for marker in markers(home)] == ["-"]
    assert spawns.take(home, "session", "", "explore")


@pytest.mark.parametrize(
    "name", ["../../etc", "/", "..", ".", "a/b", "a\nb", "\udced\udca0", "имя", "x" * 5000]
)
def test_names_from_outside_stay_inside_the_folder(home: str, name: str) -> None:
    """Session, prompt and type are the client's; they never lead anywhere else."""
    spawns.drop(home, name, name, name)

    (marker,) = markers(home)
    assert len(marker.relative_to(home).parts) == 5
    assert marker.resolve().is_relative_to(Path(home) / "run" / "spawns")
    assert spawns.take(home, name, name, name)
