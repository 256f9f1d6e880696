"""What past commits say about files: their messages, and how often and lately they touched them.

Everything here is a function of the commits alone, so a memory that follows HEAD step by step
equals one that reads all of them at once. Ages are told from commit times, never from now.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from math import log2, sqrt

import msgspec

from rtkq import words
from rtkq.build.document import Section, side_of
from rtkq.recall import layout

#: Only so many of the newest commits count.
MOST_COMMITS = 4000
#: A commit that touches more files than this says little about any of them.
_MOST_PATHS = 30
_LONGEST_MESSAGE = 1500
#: A message is shared out over the files of its commit; counts are whole, so in eighths.
SHARES = 8
#: Of what is stored: higher levels take longer and hardly less room.
_COMPRESSION = 1

INSERT_COMMIT = "INSERT INTO history (id, name, at, paths) VALUES (?, ?, ?, ?)"

_TRAILER = re.compile(
    r"^\s*(signed-off-by|co-authored-by|reviewed-by|acked-by|tested-by|reported-by|suggested-by"
    r"|change-id|cc|pr-url|git-svn-id|cherry.picked.from)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_REFERENCE = re.compile(r"\(?[\w./-]*(?:#|\bGH-)\d+\)?|https?://\S+")


class Commit(msgspec.Struct, frozen=True, array_like=True):
    """One commit that counts, as it is stored among the facts."""

    #: Seconds since the epoch.
    at: int
    #: Identifiers and words of the message → how often.
    words: dict[str, int]
    #: Paths it touched; none when they were too many.
    paths: list[str]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Commit)


def commit(at: int, message: str, paths: Sequence[str]) -> Commit:
    """Return what is kept of a commit with this *message* that touched *paths*."""
    is_telling = len(paths) <= _MOST_PATHS
    return Commit(at, _message_words(message), sorted(paths) if is_telling else [])


def _message_words(message: str) -> dict[str, int]:
    told = _REFERENCE.sub(" ", _TRAILER.sub("", message))[:_LONGEST_MESSAGE]
    counts: dict[str, int] = {}
    for identifier in words.identifiers(told):
        counts[identifier] = counts.get(identifier, 0) + 1
    return counts


def encode(kept: Commit) -> bytes:
    """Return the stored form of a commit."""
    return zlib.compress(_encoder.encode(kept), _COMPRESSION)


def decode(stored: bytes) -> Commit:
    """Return the commit that `encode` stored.

    Raises:
        ValueError: *stored* is not what `encode` gave.
    """
    try:
        return _decoder.decode(zlib.decompress(stored))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(f"cannot read a stored commit: {error}") from error


class History:
    """The commits that count, by name, and what they say about each path."""

    def __init__(self, commits: Mapping[str, Commit]) -> None:
        self.commits = {name: one for name, one in commits.items() if one.paths}
        #: Commits by name; sorted, so that sums of fractions come out alike each time.
        self._by_path: dict[str, list[str]] = {}
        self._shares: dict[str, dict[str, float]] = {}
        for name, one in sorted(self.commits.items()):
            for path in one.paths:
                self._by_path.setdefault(path, []).append(name)

    def section(self, path: str) -> Iterator[Section]:
        """Return the messages of the commits that touched *path*, as a text of that file."""
        counts: dict[str, float] = {}
        get = counts.get
        for name in self._by_path.get(path, ()):
            for term, share in self._shares_of(name).items():
                counts[term] = get(term, 0.0) + share
        if counts:
            rounded = {term: max(1, round(n)) for term, n in counts.items()}
            yield Section(layout.HISTORY + side_of(path), 0, rounded)

    def _shares_of(self, name: str) -> dict[str, float]:
        """Return what each file of a commit gets of the terms of its message."""
        shares = self._shares.get(name)
        if shares is None:
            one = self.commits[name]
            share = SHARES / sqrt(len(one.paths))
            shares = {term: share * n for term, n in words.count_all(one.words).items()}
            self._shares[name] = shares
        return shares

    def heat(self, path: str) -> int:
        """Return how often and how lately *path* was changed: the log of a decayed count.

        Each change counts half for every ``layout.HALF_LIFE_S`` it is older than another one.

        Returns:
            Thousandths of a power of two, relative to the epoch; 0 for a path without history.
        """
        names = self._by_path.get(path, ())
        instants = [self.commits[name].at / layout.HALF_LIFE_S for name in names]
        if not instants:
            return 0
        newest = max(instants)
        total = sum(2.0 ** (instant - newest) for instant in sorted(instants))
        return round(1000 * (newest + log2(total)))


def commit_section(one: Commit) -> Section:
    """Return the terms of one commit's message."""
    return Section(layout.COMMIT, 0, words.count_all(one.words))


def commit_row(number: int, name: str, one: Commit) -> tuple[int, bytes, int, str]:
    """Return the values for ``INSERT_COMMIT``."""
    return number, bytes.fromhex(name), one.at, "\n".join(one.paths)
