"""Posting lists while they are written: built from nothing, or changed in place.

Order within a list: impact descending, then the path of the file, then the chunk. Both ways lead
to the same bytes but for file numbers, which depend on history.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping

from rtkq.build.document import Section
from rtkq.build.impact import Scale, Totals
from rtkq.recall import layout

_DOCUMENT_BITS = 32
_DOCUMENT_MASK = (1 << _DOCUMENT_BITS) - 1
_LENGTH_BITS = 20
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1
_COUNT_LIMIT = (1 << 12) - 1


class PostingList:
    """All documents of one term in one field, strongest first."""

    __slots__ = ("documents", "impacts")

    def __init__(self, documents: array[int], impacts: bytearray) -> None:
        self.documents = documents
        self.impacts = impacts

    @classmethod
    def unpacked(cls, head: bytes, tail: bytes) -> PostingList:
        """Return the list whose packed parts these are."""
        documents, impacts = array("I"), bytearray()
        for part in (head, tail):
            numbers, weights = layout.unpack(part)
            documents.frombytes(numbers.cast("B"))
            impacts += weights
        return cls(documents, impacts)

    def packed(self) -> tuple[bytes, bytes]:
        """Return head and tail as they are stored; the tail is empty for a short list."""
        cut = layout.HEAD_LENGTH
        if len(self) <= cut:
            return layout.pack(self.documents.tobytes(), bytes(self.impacts)), b""
        return (
            layout.pack(self.documents[:cut].tobytes(), bytes(self.impacts[:cut])),
            layout.pack(self.documents[cut:].tobytes(), bytes(self.impacts[cut:])),
        )

    def remove(self, document: int) -> None:
        """Take *document* out; one that is not there is no error."""
        try:
            at = self.documents.index(document)
        except ValueError:
            return
        del self.documents[at]
        del self.impacts[at]

    def insert(self, document: int, impact: int, rank: Callable[[int], tuple[str, int]]) -> None:
        """Put *document* where its impact and then its *rank* place it."""
        first = bisect_left(self.impacts, -impact, key=int.__neg__)
        last = bisect_left(self.impacts, 1 - impact, lo=first, key=int.__neg__)
        at = bisect_left(self.documents, rank(document), lo=first, hi=last, key=rank)
        self.documents.insert(at, document)
        self.impacts.insert(at, impact)

    def __len__(self) -> int:
        return len(self.documents)


class Index:
    """Posting lists of a whole project, gathered file by file.

    File numbers must rise with the path, in byte order: then equal impacts are in order of path
    when they are in order of number.
    """

    def __init__(self) -> None:
        self.totals = dict.fromkeys(layout.FIELDS, Totals())
        self._entries: dict[int, dict[str, array[int]]] = {field: {} for field in layout.FIELDS}

    def add(self, file: int, sections: Iterable[Section]) -> None:
        """Enter the sections of one file."""
        for section in sections:
            field = section.field
            self.totals[field] = self.totals[field].plus(1, section.length)
            lists = self._entries[field]
            length, counts = limited(section)
            entry = section.number(file) | length << _DOCUMENT_BITS
            for term, count in counts.items():
                packed = entry | count << (_DOCUMENT_BITS + _LENGTH_BITS)
                known = lists.get(term)
                if known is None:
                    lists[term] = array("Q", (packed,))
                else:
                    known.append(packed)

    def lists(self) -> Iterator[tuple[str, int, PostingList]]:
        """Return (term, field, list) in the order in which they are stored."""
        keys = {field: _Keys(Scale(field, totals.step)) for field, totals in self.totals.items()}
        for term in sorted(set().union(*self._entries.values())):
            for field in layout.FIELDS:
                entries = self._entries[field].get(term)
                if entries is not None:
                    yield term, field, _sorted_list(entries, keys[field])


class _Keys(dict[int, int]):
    """Count and length, as packed in an entry → what sorts documents by impact, strongest first.

    Few pairs of count and length stand for millions of postings.
    """

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def __missing__(self, packed: int) -> int:
        impact = self._scale.impact(packed >> _LENGTH_BITS, packed & _LENGTH_MASK)
        key = self[packed] = (layout.TOP_IMPACT - impact) << _DOCUMENT_BITS
        return key


def _sorted_list(entries: array[int], keys: _Keys) -> PostingList:
    if len(entries) == 1:  # as of most terms: nothing to order
        (entry,) = entries
        impact = layout.TOP_IMPACT - (keys[entry >> _DOCUMENT_BITS] >> _DOCUMENT_BITS)
        return PostingList(array("I", (entry & _DOCUMENT_MASK,)), bytearray((impact,)))
    ordered = [keys[entry >> _DOCUMENT_BITS] | entry & _DOCUMENT_MASK for entry in entries]
    ordered.sort()
    return PostingList(
        array("I", [key & _DOCUMENT_MASK for key in ordered]),
        bytearray([layout.TOP_IMPACT - (key >> _DOCUMENT_BITS) for key in ordered]),
    )


def limited(section: Section) -> tuple[int, Mapping[str, int]]:
    """Return length and counts of *section*, each within what an entry has room for."""
    length = section.length
    if length <= _COUNT_LIMIT:
        return length, section.counts
    counts = {term: min(n, _COUNT_LIMIT) for term, n in section.counts.items()}
    return min(length, _LENGTH_MASK), counts
