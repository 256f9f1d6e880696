"""Impacts: how much one term of one document counts, as an integer that is stored.

A stored impact may depend on its own document alone, or one saved file would change every list.
So the mean length of BM25 is frozen to a coarse step, a pure function of the current totals;
when the step changes everything is computed anew. The rarity of a term is applied by readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log

from rtkq.recall import layout

_K1 = 1.2
#: How strongly length counts against a document, by field.
_B = {
    layout.PATH: 0.4,
    layout.CONTENT: 0.75,
    layout.CHUNK: 0.6,
    layout.HISTORY: 0.5,
    layout.COMMIT: 0.5,
}
#: Counts of this field are in so many parts of one: see ``history.SHARES``.
_PARTS = {layout.HISTORY: 8}
#: Mean lengths within one step differ by at most this factor.
_STEP = 1.5


@dataclass(frozen=True, slots=True)
class Totals:
    """How many documents a field has and how long they are together."""

    documents: int = 0
    length: int = 0

    def plus(self, documents: int, length: int) -> Totals:
        """Return the totals with so much more, or less for negative numbers."""
        return Totals(self.documents + documents, self.length + length)

    @property
    def step(self) -> int:
        """The step of the mean length: a pure function of these totals."""
        return floor(log(max(1.0, self.length / max(1, self.documents)), _STEP))


class Scale:
    """Turns counts into impacts for one field at one step."""

    def __init__(self, field: int, step: int) -> None:
        mean = _STEP ** (step + 0.5)
        field = layout.kind_of(field)
        self._flat = _K1 * _PARTS.get(field, 1) * (1 - _B[field])
        self._slope = _K1 * _PARTS.get(field, 1) * _B[field] / mean
        self._known: dict[tuple[int, int], int] = {}

    def impact(self, count: int, length: int) -> int:
        """Return the impact of a term that stands *count* times in a document of *length*.

        Returns:
            1 to ``layout.TOP_IMPACT``.

        Source:
            The term weight of BM25 (Robertson and Zaragoza, 2009), in one byte.
        """
        impact = self._known.get((count, length))
        if impact is None:
            weight = count / (count + self._flat + self._slope * length)
            impact = max(1, round(layout.TOP_IMPACT * weight))
            self._known[count, length] = impact
        return impact
