"""Ranking files and chunks for a question: integers only, bounded work, no look at the disk.

Every signal is scaled to its own maximum, weighted and summed. The work is bounded by constants:
so many terms, so many postings a term, so many candidates; the size of the repository appears
in logarithms only.
"""

from __future__ import annotations

from math import log

from rtkq.recall import layout, queries
from rtkq.recall.question import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rtkq.recall.memory import Memory

#: How much each signal counts, in thousandths; measured on a benchmark of real commits.
WEIGHTS = {
    "chunk": 1500,
    "content": 1500,
    "definers": 1500,
    "path": 1000,
    "mention": 800,
}
#: What is left of the score of a file that is probably not what the task needs, in percent.
_TEST_PERCENT = 20
_ASIDE_PERCENT = 50

_TERMS = 32
_CANDIDATES = 80
_MOST_TIES = 240
_DEFINERS = 8
_NAMESAKES = 16
_IDF_UNIT = 64
_FULL = 1 << 20  # a signal's maximum after scaling


class Candidate:
    """A file that may answer the question."""

    __slots__ = ("chunks", "file", "lines", "mtime_ns", "path", "role", "score", "shares", "size")

    def __init__(self, file: int, score: int) -> None:
        self.file = file
        self.score = score
        #: Signal → its part of the score before demotion.
        self.shares: dict[str, int] = {}
        #: (score, chunk), best first.
        self.chunks: list[tuple[int, int]] = []
        self.path = ""
        self.size = self.mtime_ns = self.role = self.lines = 0


def rank(memory: Memory, question: Question) -> list[Candidate]:
    """Return the files that answer *question*, best first; ties by path."""
    by_field = _score_fields(memory, question)
    chunks = by_field.pop(layout.CHUNK)
    signals = {
        "chunk": _best_chunks(chunks),
        "content": by_field[layout.CONTENT],
        "path": by_field[layout.PATH],
        "definers": _definers(memory, question.names),
        "mention": _mentions(memory, question.files),
    }
    candidates = _strongest(_combine(signals))
    _describe(memory, candidates)
    _attach_chunks(candidates, chunks)
    for candidate in candidates:
        candidate.score = _demoted(candidate, question)
    return sorted(candidates, key=lambda one: (-one.score, one.path))


def _score_fields(memory: Memory, question: Question) -> dict[int, dict[int, int]]:
    documents = dict(memory.rows(queries.TOTALS))
    scores: dict[int, dict[int, int]] = {field: {} for field in layout.FIELDS}
    terms = _rarest(memory, question.terms, documents)
    for term, field, frequency, head in memory.rows(queries.HEADS, among=terms):
        if field in scores:
            weight = question.terms[term] * _idf(documents.get(field, 0), frequency)
            _accumulate(scores[field], head, weight)
    return scores


def _rarest(memory: Memory, terms: dict[str, int], documents: dict[int, int]) -> list[str]:
    """Return the terms that tell most: weight times rarity, at most ``_TERMS``."""
    frequencies: dict[str, int] = {}
    for term, field, frequency in memory.rows(queries.FREQUENCIES, among=terms):
        if field in (layout.CONTENT, layout.PATH):
            frequencies[term] = max(frequency, frequencies.get(term, 0))
    total = documents.get(layout.CONTENT, 0)
    told = {term: terms[term] * _idf(total, n) for term, n in frequencies.items()}
    return sorted(told, key=lambda term: (-told[term], term))[:_TERMS]


def _idf(documents: int, frequency: int) -> int:
    """Return how much a term tells.

    Source:
        The idf of BM25 as in Robertson and Zaragoza, 2009, kept above 0; in 1/64.
    """
    return round(
        _IDF_UNIT * log(1 + (max(documents, frequency) - frequency + 0.5) / (frequency + 0.5))
    )


def _accumulate(scores: dict[int, int], head: bytes, weight: int) -> None:
    get = scores.get
    for document, impact in zip(*layout.unpack(head), strict=True):
        scores[document] = get(document, 0) + weight * impact


def _best_chunks(chunks: dict[int, int]) -> dict[int, int]:
    best: dict[int, int] = {}
    for document, score in chunks.items():
        file = document >> layout.CHUNK_BITS
        if score > best.get(file, 0):
            best[file] = score
    return best


def _definers(memory: Memory, names: Iterable[str]) -> dict[int, int]:
    """Return the files that define a named identifier which few files define."""
    found: dict[int, int] = {}
    for name in names:
        files = [file for (file,) in memory.rows(queries.DEFINERS, (name, _DEFINERS + 1))]
        if len(files) <= _DEFINERS:
            for file in files:
                found[file] = found.get(file, 0) + _FULL // len(files)
    # The root keeps a task that names many identifiers of one file from drowning the rest.
    return {file: round(score**0.5) for file, score in found.items()}


def _mentions(memory: Memory, names: Iterable[str]) -> dict[int, int]:
    """Return the files that the task names; a path counts fully, a shared name in part."""
    found: dict[int, int] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        files = memory.rows(queries.FILES_NAMED, (last, _NAMESAKES))
        exact = [file for file, path in files if folder and _is_same(path.lower(), name)]
        share = _FULL if exact else _FULL // max(1, len(files))
        for file in exact or [file for file, _ in files]:
            found[file] = max(share, found.get(file, 0))
    return found


def _is_same(path: str, name: str) -> bool:
    return path.endswith(name) or name.endswith(path)


def _combine(signals: dict[str, dict[int, int]]) -> dict[int, Candidate]:
    candidates: dict[int, Candidate] = {}
    for signal, scores in signals.items():
        most = max(scores.values(), default=0)
        for file, score in scores.items():
            candidate = candidates.get(file)
            if candidate is None:
                candidate = candidates[file] = Candidate(file, 0)
            share = WEIGHTS[signal] * (score * _FULL // most) // 1000
            candidate.shares[signal] = share
            candidate.score += share
    return candidates


def _strongest(candidates: dict[int, Candidate]) -> list[Candidate]:
    ordered = sorted(candidates.values(), key=lambda one: -one.score)
    if len(ordered) <= _CANDIDATES:
        return ordered
    # Equal scores at the cut are all kept, or file numbers would decide, which depend on history.
    least = ordered[_CANDIDATES - 1].score
    return [one for one in ordered[:_MOST_TIES] if one.score >= least]


def _describe(memory: Memory, candidates: list[Candidate]) -> None:
    by_file = {one.file: one for one in candidates}
    for file, path, size, mtime_ns, role, lines in memory.rows(queries.FILES, among=by_file):
        one = by_file[file]
        one.path, one.size, one.mtime_ns, one.role, one.lines = path, size, mtime_ns, role, lines
    candidates[:] = [one for one in candidates if one.path]


def _attach_chunks(candidates: list[Candidate], chunks: dict[int, int]) -> None:
    by_file = {one.file: one for one in candidates}
    mask = (1 << layout.CHUNK_BITS) - 1
    for document, score in chunks.items():
        one = by_file.get(document >> layout.CHUNK_BITS)
        if one is not None:
            one.chunks.append((score, document & mask))
    for one in candidates:
        one.chunks.sort(key=lambda pair: (-pair[0], pair[1]))


def _demoted(candidate: Candidate, question: Question) -> int:
    if candidate.role == layout.ROLE_TEST and not question.wants_tests:
        return candidate.score * _TEST_PERCENT // 100
    if candidate.role == layout.ROLE_ASIDE and not question.wants_aside:
        return candidate.score * _ASIDE_PERCENT // 100
    return candidate.score
