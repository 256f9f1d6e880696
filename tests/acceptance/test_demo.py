"""`make demo` tells the truth: its story happens, and nothing of it stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def performed(folder: Path, preparation: str = "import demo") -> subprocess.CompletedProcess[str]:
    """Run the demo without a terminal, and see to it that nothing of it stays."""
    done = subprocess.run(
        [sys.executable, "-c", f"{preparation}; raise SystemExit(demo.main())"],
        cwd=Path(__file__).parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ | {"RTKQ_HOME": str(folder / "mine"), "TMPDIR": str(folder)},
    )
    assert list(folder.iterdir()) == []
    assert not [file for file in Path("/proc").glob("[0-9]*/environ") if is_of(folder, file)]
    return done


def is_of(folder: Path, file: Path) -> bool:
    """Return whether a process, by its environment *file*, keeps anything in *folder*."""
    try:
        return os.fsencode(f"={folder}/") in file.read_bytes()
    except OSError:
        return False


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What the demo prints and how it ends."""
    return performed(tmp_path_factory.mktemp("demo"))


def test_demo_ends_well(told: subprocess.CompletedProcess[str]) -> None:
    """Exit code 0 is for a demo in which everything happened."""
    assert (told.returncode, told.stderr) == (0, "")
    assert "no process is left" in told.stdout


def test_saved_function_reaches_the_next_subagent(told: subprocess.CompletedProcess[str]) -> None:
    """The first spawn cannot know the function, the one after the save does."""
    before, _, after = told.stdout.partition("A new function is saved")

    assert "count_lunar_eclipses" not in before
    assert re.search(r"in the memory \d+ ms after the save", after)
    assert re.search(r"│   :\d+ def count_lunar_eclipses\(", after)


def test_without_a_terminal_the_story_is_plain_text(
    told: subprocess.CompletedProcess[str],
) -> None:
    """A log file is no place for colours and progress bars."""
    assert "\x1b" not in told.stdout


def test_demo_that_fails_says_so_and_cleans_up(tmp_path: Path) -> None:
    """A demo that cannot fail would show nothing: here the function is never written."""
    done = performed(tmp_path, "import demo; demo.FUNCTION = ''; demo.PATIENCE_S = 3.0")

    assert done.returncode == 1
    assert "The demo failed: count_lunar_eclipses did not reach the memory" in done.stdout
