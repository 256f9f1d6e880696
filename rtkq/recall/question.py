"""What a task asks for: weighted terms, names of code, names of files."""

from __future__ import annotations

from math import log

from rtkq import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: Weights are integers; this many make one occurrence.
UNIT = 16
_FIRST_LINE = 2
_LONGEST_LINE = 2000
_MOST_TERMS = 160
_MOST_NAMES = 16
#: What the meanings of a Russian word weigh beside the word, the likeliest first, in percent.
_SENSES = (100, 60, 40, 30, 30)
_TRIM = "`'\"*#,;:()[]{}<>!?«»“”…"
_TESTS = frozenset(("test", "spec", "fixtur"))
_ASIDE = frozenset(
    """doc docs document documentation readm exampl example changelog config configur configuration
    ci workflow lint depend dependency bump upgrad releas packag dockerfil makefil""".split()  # noqa: SIM905 (a list of quoted words would hide the words)
)
#: Of these, what names parts of programs as often: a task is not about such files by this alone.
_OF_PROGRAMS = frozenset(("config", "configur", "configuration", "fixtur", "packag", "releas"))
#: A task is about what its first words name.
_TOPIC_WORDS = 4


class Question:
    """One task, cut into what the index can be asked for."""

    def __init__(self, task: str) -> None:
        task = task[: words.LONGEST_TASK]
        counts = _term_counts(task)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TERMS]
        weights = {term: round(UNIT * (1 + log(n))) for term, n in ranked}
        meanings = _meanings(weights)
        #: Term → weight in UNITs.
        self.terms = _weighed(meanings, weights) | weights
        tokens = [token.strip(_TRIM).rstrip(".") for token in task.split()]
        #: Identifiers that look like code rather than prose, each once, in order.
        self.names = list(dict.fromkeys(_code_names(task)))[:_MOST_NAMES]
        #: What looks like a file name or a path, lower case, each once, in order.
        self.files = list(dict.fromkeys(filter(None, map(_file_name, tokens))))[:_MOST_NAMES]
        #: How much the task is about tests, and about documentation or configuration: 0 not at
        #: all, 1 in passing, 2 above all.
        self.test_wish = _wish(_TESTS, task, weights, meanings)
        self.aside_wish = _wish(_ASIDE, task, weights, meanings)


def _wish(
    named: frozenset[str],
    task: str,
    terms: Iterable[str],
    meanings: dict[str, list[str]],
) -> int:
    def is_meant(found: Iterable[str], names: frozenset[str]) -> bool:
        return any(term in names or meanings.get(term, [""])[0] in names for term in found)

    if not is_meant(terms, named):
        return 0  # as nearly always, and cheaply known
    found = words.identifiers(task)
    if not is_meant(_plain_terms(found), named):
        return 0
    return 2 if is_meant(_plain_terms(found[:_TOPIC_WORDS]), named - _OF_PROGRAMS) else 1


def _plain_terms(identifiers: list[str]) -> list[str]:
    """Return the terms of words; those in ``test_id`` name code, not a kind of file."""
    return [
        term for word in identifiers if not _has_inner_border(word) for term in words.terms(word)
    ]


def _term_counts(task: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for number, line in enumerate(task.strip().split("\n")):
        weight = _FIRST_LINE if number == 0 else 1
        for term, n in words.count(line[:_LONGEST_LINE]).items():
            counts[term] = counts.get(term, 0) + weight * n
    return counts


def _meanings(terms: Iterable[str]) -> dict[str, list[str]]:
    """Return the English terms of the Russian ones, the likeliest first; none has no terms."""
    cyrillic = [term for term in terms if words.is_cyrillic(term)]
    if not cyrillic:
        return {}
    # Loaded for Russian tasks alone.
    from rtkq import russian

    translated = {term: russian.english(term) for term in cyrillic}
    return {term: list(map(words.stem, found)) for term, found in translated.items() if found}


def _weighed(meanings: dict[str, list[str]], weights: dict[str, int]) -> dict[str, int]:
    weighed: dict[str, int] = {}
    for term, found in meanings.items():
        for meaning, percent in zip(found, _SENSES, strict=False):
            weight = weights[term] * percent // 100
            weighed[meaning] = max(weight, weighed.get(meaning, 0))
    return weighed


def _code_names(task: str) -> list[str]:
    marked = _marked(task)
    return [
        name
        for name in words.identifiers(task)
        if len(name) > 2
        and (
            _has_inner_border(name)
            or _is_proper(name)
            or f"`{name}" in marked
            or f"{name}(" in marked
        )
    ]


def _has_inner_border(name: str) -> bool:
    return len(words.split(name)) > 1


def _is_proper(name: str) -> bool:
    # Code is named in Latin letters; a Russian capital begins a sentence.
    return name[0].isupper() and name.isascii()


def _marked(task: str) -> str:
    """Return of *task* what may be a name behind a backtick or before a parenthesis.

    Nearly no word is one: looking for each in all of the task was a sixtieth of a recall.
    """
    longest = words.LONGEST
    behind = ["`" + text[:longest] for text in task.split("`")[1:]]
    before = [text[-longest:] + "(" for text in task.split("(")[:-1]]
    return " ".join([*behind, *before])


def _file_name(token: str) -> str:
    """Return *token* in lower case if it looks like a file name, else nothing."""
    token = token.lower().removeprefix("./").partition(":")[0]
    stem, dot, extension = token.rpartition("/")[2].rpartition(".")
    is_name = bool(stem and dot and extension.isalnum() and len(extension) <= 10)
    return token if is_name and len(token) <= 300 else ""
