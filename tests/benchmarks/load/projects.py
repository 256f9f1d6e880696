"""The checkouts that the load is played on: many small ones, and one that a storm comes over."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rtkq import recall
from tests.benchmarks import measure, repository
from tests.benchmarks.load import storm

FILES = 8
#: So many checkouts have each content, as the worktrees of a repository do.
A_CONTENT = 4
#: Number of the project that the storm comes over.
STORMY = 0
_IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")


def make(count: int, real: Sequence[Path], *, storm_files: int) -> list[Path]:
    """Return the roots of *count* checkouts: copies of *real* ones, then small ones.

    The first small one holds *storm_files* files more, for the storm.
    """
    top = measure.workspace() / "load-projects"
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir()
    rare = repository.rare_words(FILES * count)
    small = [_made(top, number, rare) for number in range(count - len(real))]
    storm.write_all(small[STORMY] / storm.FOLDER, storm_files)
    _commit(small[STORMY], "Add what the storm rewrites")
    copies = [_copied(source, top / f"real-{source.name}") for source in real]
    return [*small, *copies]


def topic(number: int, rare: list[str]) -> list[str]:
    """Return the words that the files of one project are about."""
    return repository.topic_of(number // A_CONTENT, rare)


def is_fresh(home: Path, root: Path) -> bool:
    """Return whether the memory of *root* owes nothing."""
    memory = recall.open_memory(str(home), str(root))
    if memory is None:
        return False
    state = memory.state(3600)
    memory.close()
    return state == "fresh"


def _made(top: Path, number: int, rare: list[str]) -> Path:
    root, first = top / f"p{number}", top / f"p{number - number % A_CONTENT}"
    if root != first and number >= A_CONTENT:  # the first few are not to hold the storm's files
        return _copied(first, root)
    for path, text in repository.files_of(number // A_CONTENT, FILES, rare):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    _commit(root, f"Add content {number // A_CONTENT}")
    return root.resolve()


def _copied(source: Path, root: Path) -> Path:
    shutil.copytree(source, root, symlinks=True)
    return root.resolve()


def _commit(root: Path, message: str) -> None:
    for words in (["add", "-A"], [*_IDENTITY, "commit", "-qm", message]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
