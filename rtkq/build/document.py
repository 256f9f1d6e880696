"""One file as the index sees it: how often each term stands in each of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rtkq import words
from rtkq.build.roles import role_of
from rtkq.extract.facts import Facts
from rtkq.recall import layout

#: A definition's name says more about it than a word of its body.
_NAME_WEIGHT = 3


@dataclass(frozen=True, slots=True)
class Section:
    """The terms of one document of one field: a file, or a chunk of it."""

    field: int
    #: 0 for fields whose document is the whole file.
    chunk: int
    counts: Mapping[str, int]

    @property
    def length(self) -> int:
        """The number of term occurrences, as BM25 counts length."""
        return sum(self.counts.values())

    def number(self, file: int) -> int:
        """Return the document number in postings, for the file with this id."""
        is_chunk = layout.kind_of(self.field) == layout.CHUNK
        return file << layout.CHUNK_BITS | self.chunk if is_chunk else file


def sections(path: str, facts: Facts) -> Iterator[Section]:
    """Return the sections of the file at *path*; a pure function of path and facts."""
    side = side_of(path)
    stem = words.count(_stem(path))
    yield Section(layout.PATH + side, 0, _path_counts(path, stem))
    content: dict[str, int] = {}
    for ordinal, chunk in enumerate(facts.chunks):
        counts = words.count_all(chunk.words)
        _add(content, counts, 1)
        if chunk.definition >= 0:
            _add(counts, words.count(facts.definitions[chunk.definition].name), _NAME_WEIGHT)
        _add(counts, stem, 1)
        yield Section(layout.CHUNK + side, ordinal, counts)
    _add(content, words.count_all(facts.rest), 1)
    if content:
        yield Section(layout.CONTENT + side, 0, content)


def side_of(path: str) -> int:
    """Return what the fields of the file at *path* are offset by: nothing for sources."""
    return 0 if role_of(path) == layout.ROLE_SOURCE else layout.ASIDE


def _path_counts(path: str, stem: Mapping[str, int]) -> dict[str, int]:
    """Return the terms of a path without its extension; those of the file's name twice."""
    folder, _, name = path.rpartition("/")
    counts = dict(_folder_counts(folder))
    _add(counts, stem, 2)
    if not counts:
        counts[name.lower()] = 1
    return counts


@lru_cache(maxsize=64)  # files come in order of path
def _folder_counts(folder: str) -> Mapping[str, int]:
    return words.count(folder.replace("/", " "))


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _add(counts: dict[str, int], more: Mapping[str, int], weight: int) -> None:
    get = counts.get
    for term, n in more.items():
        counts[term] = get(term, 0) + weight * n
