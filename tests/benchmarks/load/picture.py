"""The load as a picture: charts over one axis of time, and every project beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.benchmarks.load import projects
from tests.benchmarks.load.record import PEACE, STORM, Points, Record

_WIDTH, _HEIGHT, _LEFT, _GAP = 800, 120, 70, 50
_BLUE, _GREY, _AMBER, _RED = "#2563eb", "#9ca3af", "#b45309", "#dc2626"
_ALLOWED_S = 2.0


class _Chart:
    """One chart: points and lines over an axis, from nothing to *most*."""

    def __init__(self, row: int, title: str, *, end: float, most: float, unit: str = "s") -> None:
        self._top = row * (_HEIGHT + _GAP) + 25
        self._end = max(end, 1e-9)
        self._most = max(most, 1e-9)
        bottom = self._top + _HEIGHT
        self._parts = [
            f'<text x="{_LEFT}" y="{self._top - 8}">{title}</text>',
            f'<text x="{_LEFT - 8}" y="{self._top + 10}" text-anchor="end">{_told(most)}</text>',
            f'<text x="{_LEFT - 8}" y="{bottom}" text-anchor="end">0</text>',
            f'<text x="{_LEFT + _WIDTH}" y="{bottom + 14}" text-anchor="end">{end:.0f} {unit}'
            "</text>",
            f'<rect x="{_LEFT}" y="{self._top}" width="{_WIDTH}" height="{_HEIGHT}"'
            ' fill="#f9fafb" stroke="#d1d5db"/>',
        ]

    def dots(self, points: Points, colour: str) -> _Chart:
        """Draw a dot at each of *points*."""
        self._parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{colour}"/>'
            for x, y in map(self._place, points)
        ]
        return self

    def line(self, points: Points, colour: str, extra: str = "") -> _Chart:
        """Draw a line through *points*."""
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self._place, points))
        self._parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}"{extra}/>')
        return self

    def until(self, at: float) -> _Chart:
        """Draw a border at an instant: there the storm begins."""
        dashes = ' stroke-dasharray="3 3"'
        return self.line([(at, 0.0), (at, self._most)], _GREY, dashes)

    def svg(self) -> str:
        """Return what was drawn."""
        return "".join(self._parts)

    def _place(self, point: tuple[float, float]) -> tuple[float, float]:
        at, value = point
        share = min(value, self._most) / self._most
        return _LEFT + _WIDTH * at / self._end, self._top + _HEIGHT * (1 - share)


def svg(record: Record) -> str:
    """Return the picture of a *record*, as an SVG without a script."""
    charts = [one(record, row).svg() for row, one in enumerate(_CHARTS)]
    height = len(charts) * (_HEIGHT + _GAP) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + _LEFT + 20}" height="{height}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        + "".join(charts)
        + "</svg>\n"
    )


def _hooks(record: Record, row: int) -> _Chart:
    title = "hook (blue) and bare interpreter (grey), ms; dashed: the storm begins"
    chart = _Chart(row, title, end=_end(record), most=1.5 * _part(_values(record.hooks), 0.99))
    return chart.until(record.storm_at).dots(record.bare, _GREY).dots(record.hooks, _BLUE)


def _saves(record: Record, row: int) -> _Chart:
    points = [(save.at, save.took_ms / 1000) for save in record.saves]
    most = max([_ALLOWED_S, *_values(points)])
    chart = _Chart(row, "save → fresh, s; dashed: 2 s", end=_end(record), most=most)
    border = [(0.0, _ALLOWED_S), (_end(record), _ALLOWED_S)]
    chart.until(record.storm_at).line(border, _GREY, ' stroke-dasharray="3 3"')
    return chart.dots(points, _BLUE)


def _every_project(record: Record, row: int) -> _Chart:
    found = {when: sorted(record.worst(when).values()) for when in (PEACE, STORM)}
    most = max([_ALLOWED_S, *(ms / 1000 for times in found.values() for ms in times)])
    count = max(map(len, found.values()))
    title = "worst save of every project, s, in order: in peace (blue), beside a storm (red)"
    chart = _Chart(row, title, end=count, most=most, unit="projects")
    for when, colour in ((PEACE, _BLUE), (STORM, _RED)):
        chart.dots([(at + 0.5, ms / 1000) for at, ms in enumerate(found[when])], colour)
    return chart


def _debts(record: Record, row: int) -> _Chart:
    stormy = record.lags(projects.STORMY)
    others = record.lags_of_others(projects.STORMY)
    most = max([1.0, *_values(stormy), *_values(others)])
    title = "oldest debt, s: of the stormy project (red), of any other (blue)"
    chart = _Chart(row, title, end=_end(record), most=most)
    return chart.until(record.storm_at).line(stormy, _RED).line(others, _BLUE)


def _queue(record: Record, row: int) -> _Chart:
    points = [(one.at, float(one.depth)) for one in record.samples]
    chart = _Chart(row, "nudges that wait", end=_end(record), most=max([1.0, *_values(points)]))
    return chart.line(points, _AMBER)


def _memory(record: Record, row: int) -> _Chart:
    points = [(one.at, sum(one.pss.values())) for one in record.samples]
    title = "PSS of all processes, MB"
    chart = _Chart(row, title, end=_end(record), most=max([1.0, *_values(points)]))
    return chart.line(points, _AMBER)


#: From the top.
_CHARTS: tuple[Callable[[Record, int], _Chart], ...] = (
    _hooks,
    _saves,
    _every_project,
    _debts,
    _queue,
    _memory,
)


def _end(record: Record) -> float:
    instants = [save.at for save in record.saves] + [one.at for one in record.samples]
    return max([1.0, *(at for at, _ in record.hooks), *instants])


def _values(points: Points) -> list[float]:
    return [value for _, value in points]


def _part(values: Sequence[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))] if values else 1.0


def _told(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
