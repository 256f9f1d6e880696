"""Words of tasks and of code: one way to cut them, for building and for asking alike.

The hook imports this module, so it uses neither ``re`` nor any other import.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: A task says in its beginning what it is about; the rest is not ranked. In characters.
LONGEST_TASK = 8_000
_SEPARATORS = (
    " \t\r\n\v\f!\"#%&'()*+,-./:;<=>?@[\\]^`{|}~$\0\ufeff"
    "«»„“”‘’‚‹›…–—‐‑·•→←↑↓№§°©®™×÷¡¿、。，；：！？（）【】「」\u00a0\u2028\u2029\u200b"
)
_TO_SPACE = dict.fromkeys(map(ord, _SEPARATORS), " ")
#: Of an identifier; in characters.
LONGEST = 60
_CACHE_LIMIT = 400_000

STOP = frozenset(
    """
    about above after again all also an and another any are as at be because been before being
    below between both but by can cannot could did do does doing done down during each either
    else ever every few for from further get gets getting give given go goes going got had has
    have having he her here hers him his how however if in into is it its itself just let lets
    like made make makes making many may me might more most much must my need needs new no nor
    not now of off on once one only onto or other our out over own per please same see set shall
    she should since so some still such sure than that the their them then there these they this
    those through thus to too two under until up upon us use used user uses using very via want
    was way we well were what when where whether which while who whole whom whose why will with
    within without would yet you your
    add added adds adding change changed changes fix fixed fixes fixing update updated updates
    remove removed removes support supported allow allows instead currently issue bug
    ll re ve don doesn didn isn wasn aren won shouldn couldn eg ie etc
    """.split()  # noqa: SIM905 (a list of 200 quoted words would hide the words)
)

_cache: dict[str, tuple[str, ...]] = {}


def identifiers(text: str) -> list[str]:
    """Return the identifiers and words of *text*, as written, in order, with repetitions."""
    return [
        word
        for word in text.translate(_TO_SPACE).split()
        if len(word) <= LONGEST and not word.isdigit()
    ]


def split(identifier: str) -> list[str]:
    """Cut an identifier at underscores and at changes of case and kind, in lower case.

    ``getHTTPServer2_url`` gives ``get http server 2 url``.
    """
    parts: list[str] = []
    for piece in identifier.split("_"):
        if piece.isalpha() and (piece.isupper() or piece[1:].islower()):
            parts.append(piece.lower())  # as most are, and no letter needs looking at
        elif piece:
            parts += _cut(piece)
    return parts


def _cut(piece: str) -> list[str]:
    parts = []
    start = 0
    for at in range(1, len(piece)):
        before, here = piece[at - 1], piece[at]
        is_border = here.isdigit() != before.isdigit()
        if here.isupper():
            is_border = is_border or before.islower() or piece[at + 1 : at + 2].islower()
        if is_border:
            parts.append(piece[start:at].lower())
            start = at
    parts.append(piece[start:].lower())
    return parts


def terms(identifier: str) -> tuple[str, ...]:
    """Return the search terms of one identifier.

    The stems of its parts without stop words, then the whole identifier in lower case where it
    has several parts. May be empty.
    """
    known = _cache.get(identifier)
    if known is None:
        if len(_cache) >= _CACHE_LIMIT:
            _cache.clear()
        known = _cache[identifier] = _terms(identifier)
    return known


def _terms(identifier: str) -> tuple[str, ...]:
    parts = split(identifier)
    if not identifier.isascii():
        parts = _without_russian_stop_words(parts)
    found = [stem(part) for part in parts if len(part) > 1 and part not in STOP]
    if len(parts) > 1:
        found.append(identifier.lower())
    return tuple(found)


def stem(word: str) -> str:
    """Return *word* without common English endings.

    Light on purpose: it joins ``parse``, ``parses``, ``parsed`` and ``parsing`` and stops there.

    Source:
        The S-stemmer of D. Harman, "How effective is suffixing?", 1991, with -ed, -ing and -e.
    """
    if len(word) <= 4 or not word.isascii():
        return word if word.isascii() else _stem_of_other(word)
    if word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    if word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


# What is Russian is imported with the first Russian word: most tasks and files have none.


def _without_russian_stop_words(parts: list[str]) -> list[str]:
    if not any(map(is_cyrillic, parts)):
        return parts
    from rtkq import russian

    return [part for part in parts if part not in russian.STOP]


def _stem_of_other(word: str) -> str:
    if not is_cyrillic(word):
        return word
    from rtkq import russian

    return russian.stem(word)


def is_cyrillic(word: str) -> bool:
    """Tell whether *word* begins with a Cyrillic letter, in either case."""
    return "Ѐ" <= word[:1] <= "ӿ"


def count_all(counted: Mapping[str, int]) -> dict[str, int]:
    """Return how often each search term stands in a text with these identifiers *counted*."""
    counts: dict[str, int] = {}
    known, seen = _cache.get, counts.get
    for identifier, n in counted.items():
        # A builder asks for millions, nearly all of them known: a call each would cost half of it.
        found = known(identifier)
        for term in terms(identifier) if found is None else found:
            counts[term] = seen(term, 0) + n
    return counts


def forget() -> None:
    """Drop what was remembered of identifiers: a builder's 40 MB that nobody needs after it."""
    _cache.clear()


def count(text: str) -> dict[str, int]:
    """Return how often each search term stands in *text*."""
    counts: dict[str, int] = {}
    for identifier in identifiers(text):
        for term in terms(identifier):
            counts[term] = counts.get(term, 0) + 1
    return counts
