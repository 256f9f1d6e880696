"""How postings are packed, shared by those who write and those who read them.

A list is a run of 32-bit document numbers followed by a run of as many impact bytes, strongest
first, in the byte order of the machine. A document is a file, or a chunk of one: then its number
is ``file << CHUNK_BITS | chunk``.

A long list has a row of its own. The short ones of a term share a row, for most terms have
nothing else: there each list follows a byte for its field and one for its length.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATH = 0
CONTENT = 1
CHUNK = 2
HISTORY = 3  # messages of the commits that touched a file
COMMIT = 4  # messages of commits; documents are commits

#: Files that most tasks are not about (tests, documentation, configuration) have fields of
#: their own, so that they neither crowd sources out of the heads nor make their words common.
ASIDE = 8
_SHARED_FIELDS = (PATH, CONTENT, CHUNK, HISTORY)
FIELDS = (*_SHARED_FIELDS, COMMIT, *(field + ASIDE for field in _SHARED_FIELDS))


def kind_of(field: int) -> int:
    """Return the field without its side: what its documents are and how they are weighed."""
    return field % ASIDE


#: A change counts half as much as one that is so much younger: about a year.
HALF_LIFE_S = 365 * 86400

#: Room for 1024 chunks a file and 4 million files.
CHUNK_BITS = 10
CHUNK_MASK = (1 << CHUNK_BITS) - 1
#: Members of types are stored under the number of their chunk and this bit, and so come after
#: all other definitions of their file.
MEMBERS = 1 << CHUNK_BITS
#: How many documents of a term a reader ever sees: bounds the work of a question.
HEAD_LENGTH = 128
#: Lists of at most so many postings share a row; in nine fields they still fit into a page.
SHORT_LENGTH = 16
#: What that row has for a field.
SHORT_LISTS = -1
#: Impacts are stored in one byte; this one stands for the highest BM25 weight, k1 + 1.
TOP_IMPACT = 255

_BYTES_A_POSTING = 5

ROLE_SOURCE = 0
ROLE_TEST = 1
ROLE_ASIDE = 2  # documentation, examples, vendored code


def pack(documents: bytes, impacts: bytes) -> bytes:
    """Return a packed list of native 32-bit *documents* and their *impacts*."""
    return documents + impacts


def unpack(packed: bytes) -> tuple[memoryview[int], memoryview[int]]:
    """Return the document numbers and the impacts of a packed list."""
    length = len(packed) // _BYTES_A_POSTING
    view = memoryview(packed)
    return view[: 4 * length].cast("I"), view[4 * length :]


def pack_short(lists: Iterable[tuple[int, bytes]]) -> bytes:
    """Return what a term's short *lists*, (field, packed list), are together."""
    return b"".join(
        bytes((field, len(packed) // _BYTES_A_POSTING)) + packed for field, packed in lists
    )


def unpack_short(together: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Return (field, length, packed list) of each list that `pack_short` put together."""
    at = 0
    while at < len(together):
        field, length = together[at], together[at + 1]
        begin = at + 2
        at = begin + length * _BYTES_A_POSTING
        yield field, length, together[begin:at]
