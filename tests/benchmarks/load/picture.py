"""The load as a picture: three charts over one axis of time, as an SVG without a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.load import Record

_WIDTH, _HEIGHT, _LEFT, _GAP = 800, 130, 70, 50
_COLOURS = {"hook": "#2563eb", "bare": "#9ca3af", "line": "#b45309"}

Points = Sequence[tuple[float, float]]


def svg(record: Record) -> str:
    """Return the picture of a *record*."""
    end_s = max([at for at, _ in record.hooks] + [at for at, *_ in record.samples] + [1.0])
    queue = [(at, float(depth)) for at, depth, _, _ in record.samples]
    sizes = [(at, size) for at, _, size, _ in record.samples]
    most_ms = _quantile([took for _, took in record.hooks]) * 1.5
    charts = [
        _title(0, "hook (blue) and bare interpreter (grey), ms", most_ms)
        + _dots(0, record.bare, end_s, most_ms, _COLOURS["bare"])
        + _dots(0, record.hooks, end_s, most_ms, _COLOURS["hook"]),
        _title(1, "nudges that wait", _most(queue)) + _line(1, queue, end_s),
        _title(2, "PSS of all processes, MB", _most(sizes)) + _line(2, sizes, end_s),
    ]
    height = 3 * (_HEIGHT + _GAP) + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + _LEFT + 20}" height="{height}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        + "".join(charts)
        + f'<text x="{_LEFT}" y="{height - 12}">0</text>'
        + f'<text x="{_LEFT + _WIDTH - 30}" y="{height - 12}">{end_s:.0f} s</text></svg>\n'
    )


def _quantile(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))] if values else 1.0


def _most(points: Points) -> float:
    return max([value for _, value in points] + [1.0])


def _title(row: int, text: str, most: float) -> str:
    top = row * (_HEIGHT + _GAP) + 25
    return (
        f'<text x="{_LEFT}" y="{top - 8}">{text}</text>'
        f'<text x="{_LEFT - 8}" y="{top + 10}" text-anchor="end">{most:.0f}</text>'
        f'<text x="{_LEFT - 8}" y="{top + _HEIGHT}" text-anchor="end">0</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" fill="#f9fafb"'
        ' stroke="#d1d5db"/>'
    )


def _place(row: int, at: float, value: float, end_s: float, most: float) -> tuple[float, float]:
    bottom = row * (_HEIGHT + _GAP) + 25 + _HEIGHT
    return _LEFT + _WIDTH * at / end_s, bottom - _HEIGHT * min(value, most) / most


def _dots(row: int, points: Points, end_s: float, most: float, colour: str) -> str:
    places = [_place(row, at, value, end_s, most) for at, value in points]
    return "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{colour}"/>' for x, y in places
    )


def _line(row: int, points: Points, end_s: float) -> str:
    most = _most(points)
    places = [_place(row, at, value, end_s, most) for at, value in points]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{drawn}" fill="none" stroke="{_COLOURS["line"]}"/>'
