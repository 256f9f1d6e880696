"""What a shell command looks at: agents search and read files by it as well as by their tools."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPERATORS = ";|&()<>\n"
_SEARCHING = frozenset(
    ("ack", "ag", "egrep", "fd", "fdfind", "fgrep", "find", "grep", "locate", "ls", "rg", "tree")
)
_SEARCHING_IN_GIT = frozenset(("grep", "ls-files"))
_READING = frozenset(("awk", "bat", "cat", "head", "less", "more", "nl", "sed", "tail"))
#: Their first word is a program of its own, no file.
_SCRIPTED = frozenset(("awk", "sed"))
_PIPES = ("|", "|&")
_EXPANDED = frozenset("*?[]{}$`~")


@dataclass(slots=True)
class Look:
    """What one command line does to files, as far as its words tell."""

    #: Whether it searches, lists or reads.
    is_exploratory: bool = False
    #: Files it reads, and files it changes in place; absolute.
    opened: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)


def look(command: str, folder: str) -> Look:
    """Return what *command* looks at when it runs in *folder*.

    Only plain words count: what a variable, a pattern or a substitution stands for is not guessed.
    What only filters the output of another command looks at nothing.
    """
    found = Look()
    for program, *words in _commands(command):
        if program == "cd" and words:
            folder = os.path.normpath(os.path.join(folder, words[0]))
        elif program in _SEARCHING or (program == "git" and _is_search(words)):
            found.is_exploratory = True
        elif program in _READING:
            _read(program, words, folder, found)
    return found


def _is_search(words: list[str]) -> bool:
    return bool(words) and words[0] in _SEARCHING_IN_GIT


def _read(program: str, words: list[str], folder: str, found: Look) -> None:
    plain = [word for word in words if not word.startswith("-")]
    files = [word for word in plain[program in _SCRIPTED :] if _is_path(word)]
    paths = [os.path.normpath(os.path.join(folder, word)) for word in files]
    if program == "sed" and any(word.startswith("-i") for word in words):
        found.edited += paths
    elif paths:
        found.is_exploratory = True
        found.opened += paths


def _is_path(word: str) -> bool:
    return ("." in word or "/" in word) and _EXPANDED.isdisjoint(word)


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the simple commands in *text* that are no filters, each as its words.

    None if the text does not parse.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        return
    words: list[str] = []
    before = ";"
    for token in [*tokens, ";"]:
        if token and not set(token) <= set(_OPERATORS):
            if words or not _is_assignment(token):
                words.append(token)
            continue
        if words and before not in _PIPES:
            yield words
        words = []
        before = token


def _is_assignment(word: str) -> bool:
    name, sign, _ = word.partition("=")
    return bool(sign) and name.isidentifier()
