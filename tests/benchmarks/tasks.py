"""Tasks about a synthetic repository, in the shapes agents give them, and about real ones."""

from __future__ import annotations

import itertools
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import repository


@dataclass(frozen=True, slots=True)
class _Theme:
    """One file a task is about, and the words around it."""

    chooser: random.Random
    path: str
    text: str
    topic: list[str]

    def words(self, count: int) -> str:
        return " ".join(repository.draw(self.topic, self.chooser, count))

    def names(self, count: int) -> str:
        names = [head.split()[-1] for head in self.text.split("(") if head and head[-1].isalnum()]
        chosen = self.chooser.sample(names, min(count, len(names))) or ["main"]
        return ", ".join(f"`{name}`" for name in chosen)


def tasks(files: int, count: int) -> list[str]:
    """Return *count* tasks about `repository.checkout` of that many files.

    Commit subjects, bug reports that name identifiers, tasks that name a file, questions, and
    long briefs, one after another.
    """
    chooser = random.Random(f"tasks {files}")
    rare = repository.rare_words(files)
    return [_SHAPES[number % len(_SHAPES)](_theme(files, rare, chooser)) for number in range(count)]


def commit_messages(root: Path, count: int) -> list[str]:
    """Return the newest commit messages of a real checkout: tasks that somebody once had."""
    log = ["git", "-C", str(root), "log", f"-{count}", "--no-merges", "--format=%B%x00"]
    printed = subprocess.run(log, capture_output=True, check=True).stdout.decode(errors="replace")
    return [text.strip() for text in printed.split("\0") if text.strip()]


def _theme(files: int, rare: list[str], chooser: random.Random) -> _Theme:
    file = chooser.randrange(files)
    folder, place = divmod(file, repository.FILES_A_FOLDER)
    listed = repository.files_of(folder, place + 1, rare)
    path, text = next(itertools.islice(listed, place, None))
    return _Theme(chooser, path, text, repository.topic_of(folder, rare))


def _subject(theme: _Theme) -> str:
    return f"Fix the {theme.words(2)} when the {theme.words(1)} is empty"


def _bug(theme: _Theme) -> str:
    return (
        f"{theme.names(2)} raises after a retry.\n\n"
        f"Seen with {theme.words(6)}. Expected: no error, and the {theme.words(2)} is kept."
    )


def _about_a_file(theme: _Theme) -> str:
    return f"In {theme.path}: separate {theme.words(3)}, keep the public names."


def _question(theme: _Theme) -> str:
    return f"Where is the {theme.words(4)} computed, and who calls it?"


def _brief(theme: _Theme) -> str:
    steps = [
        f"{number}. Look at how {theme.words(9)} behave when a request is repeated and the"
        f" {theme.words(3)} has expired; write down which {theme.words(2)} is affected."
        for number in range(1, 9)
    ]
    return "\n".join([_subject(theme), *steps, f"Names to keep: {theme.names(4)}."])


_SHAPES: tuple[Callable[[_Theme], str], ...] = (_subject, _bug, _about_a_file, _question, _brief)
