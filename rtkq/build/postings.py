"""Posting lists while they are written: built from nothing, or changed in place.

Order within a list: impact descending, then the path of the file, then the chunk. Both ways lead
to the same bytes but for file numbers, which depend on history.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

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
            documents.extend(numbers)
            impacts += weights
        return cls(documents, impacts)

    def packed(self) -> tuple[bytes, bytes]:
        """Return head and tail as they are stored; the tail is empty for a short list."""
        cut = layout.HEAD_LENGTH
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
        scales = {field: Scale(field, totals.step) for field, totals in self.totals.items()}
        for term in sorted(set().union(*self._entries.values())):
            for field in layout.FIELDS:
                entries = self._entries[field].get(term)
                if entries is not None:
                    yield term, field, _sorted_list(entries, scales[field])


def _sorted_list(entries: array[int], scale: Scale) -> PostingList:
    keys = []
    for entry in entries:
        length = entry >> _DOCUMENT_BITS & _LENGTH_MASK
        impact = scale.impact(entry >> (_DOCUMENT_BITS + _LENGTH_BITS), length)
        keys.append((layout.TOP_IMPACT - impact) << _DOCUMENT_BITS | entry & _DOCUMENT_MASK)
    keys.sort()
    return PostingList(
        array("I", [key & _DOCUMENT_MASK for key in keys]),
        bytearray(layout.TOP_IMPACT - (key >> _DOCUMENT_BITS) for key in keys),
    )


def limited(section: Section) -> tuple[int, dict[str, int]]:
    """Return length and counts of *section*, each within what an entry has room for."""
    length = min(section.length, _LENGTH_MASK)
    return length, {term: min(n, _COUNT_LIMIT) for term, n in section.counts.items()}
