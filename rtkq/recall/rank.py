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
    from collections.abc import Iterable, Iterator
    from typing import Any

    from rtkq.recall.memory import Memory

    _Head = tuple[str, int, int, bytes]  # term, field, document frequency, packed head

#: How much each signal counts, in thousandths; measured on a benchmark of real commits.
WEIGHTS = {
    "chunk": 1500,
    "content": 1500,
    "definers": 1500,
    "path": 1000,
    "mention": 800,
    "neighbours": 600,
    "history": 300,
    "churn": 300,
}
#: What is left of the score of a test, and of documentation or configuration, in percent: where
#: the task does not speak of such files, where it does in passing, where it is about them.
_TEST_PERCENT = (20, 50, 100)
_ASIDE_PERCENT = (30, 40, 100)

_TERMS = 32
#: Fields that say how rare a term is.
_TELLING = frozenset(
    side + field for side in (0, layout.ASIDE) for field in (layout.PATH, layout.CONTENT)
)
#: Postings looked at, those of the most telling terms first: the bound on a question's work.
_POSTINGS = 3600
_POSTINGS_ASIDE = 800
_CANDIDATES = 64
_CANDIDATES_ASIDE = 24
_DEFINERS = 8
_NAMESAKES = 16
_IDF_UNIT = 64
#: What a signal of weight 1 gives the file it favours most.
FULL = 1 << 40
#: Where the scale of a signal ends at the least. That five files define a name says little about
#: each of them though none scores higher, so it is measured by what a single definer gets.
_LEAST_TOP = {"definers": round(FULL**0.5)}


#: Past commits that vote for the files they touched.
_NEIGHBOURS = 40
_MOST_TIED_NEIGHBOURS = 60
_VOTE_FLOOR = 0.6  # what is left of the vote of a very old commit


class Candidate:
    """A file that may answer the question."""

    __slots__ = ("chunks", "file", "heat", "path", "role", "score", "shares", "stamp")

    def __init__(self, file: int, shares: dict[str, int]) -> None:
        self.file = file
        self.score = 0
        #: Signal → its part of the score before demotion.
        self.shares = shares
        #: (score × -1, document) of the chunks that match: in this order the best come first.
        self.chunks: list[tuple[int, int]] = []
        self.path = ""
        self.role = self.heat = 0
        #: What tells whether the file is still as it was indexed: see ``disk``.
        self.stamp: tuple[Any, ...] = ()


def rank(memory: Memory, question: Question, most: int) -> list[Candidate]:
    """Return the files that answer *question*, best first; ties by path.

    Args:
        memory: An open memory.
        question: What is asked.
        most: How many of them are told which of their chunks match.
    """
    by_field = _score_fields(memory, question)
    chunks = by_field[layout.CHUNK] | by_field[layout.CHUNK + layout.ASIDE]
    named = {
        "neighbours": _votes(memory, by_field[layout.COMMIT]),
        "definers": _definers(memory, question.names),
        "mention": _mentions(memory, question.files),
    }
    sources = _strongest(_of_side(by_field, 0) | named, _CANDIDATES)
    others = _strongest(_of_side(by_field, layout.ASIDE), _CANDIDATES_ASIDE)
    candidates = _merged(sources, others)
    _describe(memory, candidates)
    _add_churn(candidates)
    for candidate in candidates:
        candidate.score = _demoted(candidate, question)
    candidates.sort(key=lambda one: (-one.score, one.path))
    _attach_chunks(candidates[:most], chunks)
    return candidates


def _score_fields(memory: Memory, question: Question) -> dict[int, dict[int, int]]:
    """Return the BM25 scores of the documents of each field, as far as the postings go."""
    documents = dict(memory.rows(queries.TOTALS))
    scores: dict[int, dict[int, int]] = {field: {} for field in layout.FIELDS}
    heads = list(_heads(memory, question.terms))
    terms = _rarest(heads, question.terms, documents)
    room = {0: _POSTINGS, layout.ASIDE: _POSTINGS_ASIDE}
    for term, field, frequency, head in _in_order(heads, terms):
        side = field - layout.kind_of(field)
        if room[side]:
            weight = question.terms[term] * _idf(documents[field], frequency)
            room[side] -= _accumulate(scores[field], head, weight, room[side])
    return scores


def _heads(memory: Memory, terms: Iterable[str]) -> Iterator[_Head]:
    for head in memory.rows(queries.HEADS, among=terms):
        if head[1] == layout.SHORT_LISTS:
            term, _, _, together = head
            for field, length, packed in layout.unpack_short(together):
                yield term, field, length, packed
        else:
            yield head


def _of_side(by_field: dict[int, dict[int, int]], side: int) -> dict[str, dict[int, int]]:
    return {
        "chunk": _best_chunks(by_field[layout.CHUNK + side]),
        "content": by_field[layout.CONTENT + side],
        "path": by_field[layout.PATH + side],
        "history": by_field[layout.HISTORY + side],
    }


def _in_order(heads: list[_Head], terms: list[str]) -> list[_Head]:
    place = {term: number for number, term in enumerate(terms)}
    chosen = [head for head in heads if head[0] in place]
    return sorted(chosen, key=lambda head: (place[head[0]], head[1]))


def _rarest(heads: list[_Head], terms: dict[str, int], documents: dict[int, int]) -> list[str]:
    """Return the terms that tell most: weight times rarity, at most ``_TERMS``."""
    told: dict[str, int] = {}
    for term, field, frequency, _ in heads:
        if field in _TELLING:
            tells = terms[term] * _idf(documents[field], frequency)
            # Words of documentation alone rarely lead to a source.
            tells = tells // 2 if field >= layout.ASIDE else tells
            told[term] = max(tells, told.get(term, 0))
    return sorted(told, key=lambda term: (-told[term], term))[:_TERMS]


def _idf(documents: int, frequency: int) -> int:
    """Return how much a term tells.

    Source:
        The idf of BM25 as in Robertson and Zaragoza, 2009, kept above 0; in 1/64.
    """
    others = max(documents, frequency) - frequency
    return max(1, round(_IDF_UNIT * log(1 + (others + 0.5) / (frequency + 0.5))))


def _accumulate(scores: dict[int, int], head: bytes, weight: int, room: int) -> int:
    """Add a posting list to *scores*, at most *room* postings of it; return how many."""
    documents, impacts = layout.unpack(head)
    # The innermost loop: asking first is a fifth faster than adding to what ``get`` returns.
    for document, impact in zip(documents[:room], impacts[:room], strict=True):
        if document in scores:
            scores[document] += weight * impact
        else:
            scores[document] = weight * impact
    return min(room, len(impacts))


def _best_chunks(chunks: dict[int, int]) -> dict[int, int]:
    best: dict[int, int] = {}
    bits = layout.CHUNK_BITS
    for document, score in chunks.items():
        file = document >> bits
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
                found[file] = found.get(file, 0) + FULL // len(files)
    # The root keeps a task that names many identifiers of one file from drowning the rest.
    return {file: round(score**0.5) for file, score in found.items()}


def _mentions(memory: Memory, names: Iterable[str]) -> dict[int, int]:
    """Return the files that the task names; a path counts fully, a shared name in part."""
    found: dict[int, int] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        files = memory.rows(queries.FILES_NAMED, (last, _NAMESAKES))
        exact = [file for file, path in files if folder and _is_same(path.lower(), name)]
        share = FULL if exact else FULL // max(1, len(files))
        for file in exact or [file for file, _ in files]:
            found[file] = max(share, found.get(file, 0))
    return found


def _is_same(path: str, name: str) -> bool:
    return path.endswith(name) or name.endswith(path)


def _votes(memory: Memory, commits: dict[int, int]) -> dict[int, int]:
    """Return what the past commits nearest to the task say for the files they touched.

    A vote is the square of the commit's score, shared out over its files, less with age.
    """
    nearest = _highest(commits, _NEIGHBOURS)[:_MOST_TIED_NEIGHBOURS]
    rows = [
        (commits[number], at, name, paths)
        for number, name, at, paths in memory.rows(queries.COMMITS, among=nearest)
    ]
    rows.sort(key=lambda row: (-row[0], -row[1], row[2]))
    del rows[_NEIGHBOURS:]
    newest = max((at for _, at, _, _ in rows), default=0)
    votes: dict[str, float] = {}
    for score, at, _, joined in rows:
        paths = joined.split("\n")
        age = 0.5 ** ((newest - at) / layout.HALF_LIFE_S)
        vote = score * score / len(paths) ** 0.5 * (_VOTE_FLOOR + (1 - _VOTE_FLOOR) * age)
        for path in paths:
            votes[path] = votes.get(path, 0.0) + vote
    return {
        file: round(votes[path] ** 0.5) for path, file in memory.rows(queries.FILES_AT, among=votes)
    }


def _strongest(signals: dict[str, dict[int, int]], most: int) -> list[Candidate]:
    """Return the files with the highest weighted sum of signals, each scaled to its top.

    At most *most*, and those that are equal to the last.
    """
    scales = {
        signal: WEIGHTS[signal] * FULL // max(_LEAST_TOP.get(signal, 1), max(scores.values()))
        for signal, scores in signals.items()
        if scores
    }
    totals: dict[int, int] = {}
    get = totals.get
    for signal, scale in scales.items():
        for file, score in signals[signal].items():
            totals[file] = get(file, 0) + score * scale
    scaled = [(signal, signals[signal].get, scale) for signal, scale in scales.items()]
    return [
        Candidate(file, {signal: of(file, 0) * scale // 1000 for signal, of, scale in scaled})
        for file in _highest(totals, most)[: 3 * most]
    ]


def _highest(scores: dict[int, int], most: int) -> list[int]:
    """Return what scores highest, best first: *most*, and those that are equal to the last.

    Without the equal ones numbers of rows would decide, which depend on history.
    """
    ordered = sorted(scores, key=scores.__getitem__, reverse=True)
    least = scores[ordered[most - 1]] if len(ordered) >= most else 0
    end = most
    while end < len(ordered) and scores[ordered[end]] == least:
        end += 1
    return ordered[:end]


def _merged(sources: list[Candidate], others: list[Candidate]) -> list[Candidate]:
    by_file = {one.file: one for one in sources}
    for other in others:
        by_file.setdefault(other.file, other).shares.update(other.shares)
    return list(by_file.values())


def _describe(memory: Memory, candidates: list[Candidate]) -> None:
    by_file = {one.file: one for one in candidates}
    for file, path, role, heat, size, mtime, ctime in memory.rows(queries.FILES, among=by_file):
        one = by_file[file]
        one.path, one.role, one.heat, one.stamp = path, role, heat, (size, mtime, ctime)
    candidates[:] = [one for one in candidates if one.path]


def _attach_chunks(candidates: list[Candidate], chunks: dict[int, int]) -> None:
    by_file = {one.file: one for one in candidates}
    bits = layout.CHUNK_BITS
    for document in [document for document in chunks if document >> bits in by_file]:
        by_file[document >> bits].chunks.append((-chunks[document], document))
    for one in candidates:
        one.chunks.sort()


def _add_churn(candidates: list[Candidate]) -> None:
    """Give each candidate a share for how much it was changed lately, beside the hottest one."""
    hottest = max((one.heat for one in candidates), default=0)
    for one in candidates:
        if one.heat:
            # Heat is a logarithm in thousandths of a power of two.
            changes = 2.0 ** ((one.heat - hottest) / 1000)
            one.shares["churn"] = int(WEIGHTS["churn"] * FULL * changes**0.5) // 1000


def _demoted(candidate: Candidate, question: Question) -> int:
    kept = 100
    if candidate.role == layout.ROLE_TEST:
        kept = _TEST_PERCENT[question.test_wish]
    elif candidate.role == layout.ROLE_ASIDE:
        kept = _ASIDE_PERCENT[question.aside_wish]
    return sum(candidate.shares.values()) * kept // 100
