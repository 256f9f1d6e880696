"""Posting lists while they are written: built from nothing, or changed in place.

Order within a list: impact descending, then the path of the file, then the chunk. Both ways lead
to the same bytes but for file numbers, which depend on history.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rtkq.build.document import Section
from rtkq.build.impact import Scale, Totals
from rtkq.recall import layout

_DOCUMENT_BITS = 32
_DOCUMENT_MASK = (1 << _DOCUMENT_BITS) - 1
_LENGTH_BITS = 20
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1
_COUNT_LIMIT = (1 << 12) - 1
#: A list of one, as ``layout.pack`` would have it.
_ONE = struct.Struct("=IB")
#: Of tails: higher levels take longer and little less room.
_COMPRESSION = 1

INSERT_POSTING = "INSERT OR REPLACE INTO posting (term, field, df, head) VALUES (?, ?, ?, ?)"
INSERT_TAIL = "INSERT OR REPLACE INTO tail (term, field, tail) VALUES (?, ?, ?)"


class Packed(NamedTuple):
    """A list as it is stored."""

    field: int
    #: Length of the whole list.
    df: int
    head: bytes
    #: Empty for a short list; compressed, for readers never need it.
    tail: bytes


class Rows:
    """Values for ``INSERT_POSTING`` and ``INSERT_TAIL``, gathered term by term."""

    def __init__(self) -> None:
        self.postings: list[tuple[str, int, int, bytes]] = []
        self.tails: list[tuple[str, int, bytes]] = []

    def add(self, term: str, lists: Sequence[Packed]) -> None:
        """Enter *lists* of a term, with all that are short, for these share a row."""
        short = [(one.field, one.head) for one in lists if one.df <= layout.SHORT_LENGTH]
        if short:
            self.postings.append((term, layout.SHORT_LISTS, 0, layout.pack_short(short)))
        for field, df, head, tail in lists:
            if df > layout.SHORT_LENGTH:
                self.postings.append((term, field, df, head))
            if tail:
                self.tails.append((term, field, tail))


class PostingList:
    """All documents of one term in one field, strongest first."""

    __slots__ = ("documents", "impacts")

    def __init__(self, documents: array[int], impacts: bytearray) -> None:
        self.documents = documents
        self.impacts = impacts

    @classmethod
    def unpacked(cls, head: bytes, tail: bytes = b"") -> PostingList:
        """Return the list whose packed parts these are."""
        documents, impacts = array("I"), bytearray()
        for part in (head, zlib.decompress(tail) if tail else b""):
            numbers, weights = layout.unpack(part)
            documents.frombytes(numbers.cast("B"))
            impacts += weights
        return cls(documents, impacts)

    def packed(self, field: int) -> Packed:
        """Return the list as it is stored for *field*."""
        return _packed(field, self.documents, bytes(self.impacts))

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

    def lists(self) -> Iterator[tuple[str, list[Packed]]]:
        """Return each term with its lists, terms and fields in the order of their storing."""
        fields = [
            (field, self._entries[field], _Keys(Scale(field, totals.step)))
            for field, totals in sorted(self.totals.items())
        ]
        for term in sorted(set().union(*self._entries.values())):
            yield (
                term,
                [
                    _sorted_list(field, entries[term], keys)
                    for field, entries, keys in fields
                    if term in entries
                ],
            )


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


def _sorted_list(field: int, entries: array[int], keys: _Keys) -> Packed:
    if len(entries) == 1:  # as of most terms: nothing to order
        (entry,) = entries
        impact = layout.TOP_IMPACT - (keys[entry >> _DOCUMENT_BITS] >> _DOCUMENT_BITS)
        return Packed(field, 1, _ONE.pack(entry & _DOCUMENT_MASK, impact), b"")
    ordered = [keys[entry >> _DOCUMENT_BITS] | entry & _DOCUMENT_MASK for entry in entries]
    ordered.sort()
    return _packed(
        field,
        array("I", [key & _DOCUMENT_MASK for key in ordered]),
        bytes([layout.TOP_IMPACT - (key >> _DOCUMENT_BITS) for key in ordered]),
    )


def _packed(field: int, documents: array[int], impacts: bytes) -> Packed:
    cut = layout.HEAD_LENGTH
    head = layout.pack(documents[:cut].tobytes(), impacts[:cut])
    tail = layout.pack(documents[cut:].tobytes(), impacts[cut:])
    return Packed(field, len(impacts), head, zlib.compress(tail, _COMPRESSION) if tail else b"")


def limited(section: Section) -> tuple[int, Mapping[str, int]]:
    """Return length and counts of *section*, each within what an entry has room for."""
    length = section.length
    if length <= _COUNT_LIMIT:
        return length, section.counts
    counts = {term: min(n, _COUNT_LIMIT) for term, n in section.counts.items()}
    return min(length, _LENGTH_MASK), counts
