"""What a task asks for: weighted terms, names of code, names of files."""

from __future__ import annotations

from math import log

from rtkq import words

#: Weights are integers; this many make one occurrence.
UNIT = 16
_FIRST_LINE = 2
_LONGEST_LINE = 2000
_MOST_TERMS = 160
_MOST_NAMES = 16
_TRIM = "`'\"*#,;:()[]{}<>!?«»“”…"
_TESTS = frozenset(("test", "spec", "fixtur", "тест", "тесты", "тестов"))
_ASIDE = frozenset(("doc", "readm", "document", "documentation", "example", "exampl", "changelog"))


class Question:
    """One task, cut into what the index can be asked for."""

    def __init__(self, task: str) -> None:
        counts = _term_counts(task)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TERMS]
        #: Term → weight in UNITs.
        self.terms = {term: round(UNIT * (1 + log(n))) for term, n in ranked}
        tokens = [token.strip(_TRIM).rstrip(".") for token in task.split()]
        #: Identifiers that look like code rather than prose, each once, in order.
        self.names = list(dict.fromkeys(_code_names(task)))[:_MOST_NAMES]
        #: What looks like a file name or a path, lower case, each once, in order.
        self.files = list(dict.fromkeys(filter(None, map(_file_name, tokens))))[:_MOST_NAMES]
        #: Whether tests, or documentation and examples, are what the task is about.
        self.wants_tests = not _TESTS.isdisjoint(counts)
        self.wants_aside = not _ASIDE.isdisjoint(counts)


def _term_counts(task: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for number, line in enumerate(task.strip().split("\n")):
        weight = _FIRST_LINE if number == 0 else 1
        for term, n in words.count(line[:_LONGEST_LINE]).items():
            counts[term] = counts.get(term, 0) + weight * n
    return counts


def _code_names(task: str) -> list[str]:
    return [
        name
        for name in words.identifiers(task)
        if len(name) > 2
        and (_has_inner_border(name) or name[0].isupper() or _is_marked(name, task))
    ]


def _has_inner_border(name: str) -> bool:
    return len(words.split(name)) > 1


def _is_marked(name: str, task: str) -> bool:
    return f"`{name}" in task or f"{name}(" in task


def _file_name(token: str) -> str:
    """Return *token* in lower case if it looks like a file name, else nothing."""
    token = token.lower().removeprefix("./").partition(":")[0]
    stem, dot, extension = token.rpartition("/")[2].rpartition(".")
    is_name = bool(stem and dot and extension.isalnum() and len(extension) <= 10)
    return token if is_name and len(token) <= 300 else ""
