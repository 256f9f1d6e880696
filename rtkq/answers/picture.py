"""A picture of a project: its folders by size and heat, and who imports whom among them."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from rtkq.answers.opened import opened
from rtkq.config import Settings
from rtkq.recall import queries

#: More places than this no eye tells apart.
_MOST_PLACES = 48
_MOST_ARROWS = 120


@dataclass(slots=True)
class _Folder:
    """A folder with all that lies in it; the files right in it are a place of their own."""

    path: str
    files: int = 0
    lines: int = 0
    heat: int = 0
    folders: dict[str, _Folder] = field(default_factory=dict)
    #: Numbers of the files that lie right in it.
    own: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, number: int, parts: list[str], lines: int, heat: int) -> None:
        self.files += 1
        self.lines += lines
        self.heat += heat
        if len(parts) == 1:
            self.own.append((number, lines, heat))
            return
        inner = f"{self.path}/{parts[0]}".lstrip("/")
        self.folders.setdefault(parts[0], _Folder(inner)).add(number, parts[1:], lines, heat)

    def opened(self) -> list[_Folder]:
        """Return what is seen when it is opened: the folders in it, and its own files as one."""
        inside = sorted(self.folders.values(), key=lambda one: one.path)
        if self.own:
            place = _Folder(f"{self.path}/*".lstrip("/"), own=self.own)
            place.files = len(self.own)
            place.lines = sum(lines for _, lines, _ in self.own)
            place.heat = sum(heat for *_, heat in self.own)
            inside.append(place)
        return inside

    def numbers(self) -> list[int]:
        found = [number for number, *_ in self.own]
        for inner in self.folders.values():
            found += inner.numbers()
        return found


def picture(settings: Settings, root: str) -> dict[str, Any]:
    """Return the picture of the project at *root*.

    The largest folder is opened until there are as many places as an eye can tell apart. A
    place's *heat* is how often and how lately commits touched its files, beside the hottest one's.

    Raises:
        ProjectError: The checkout has no memory yet.
    """
    with closing(opened(settings.home, root)) as memory:
        files = memory.rows(queries.EVERY_FILE)
        imports = memory.rows(queries.EVERY_IMPORT)
    top = _Folder("")
    for number, path, lines, heat in files:
        top.add(number, path.split("/"), lines, heat)
    places = _places(top)
    hottest = max((place.heat for place in places), default=0) or 1
    return {
        "command": "picture",
        "project": root,
        "places": [
            {
                "path": place.path,
                "files": place.files,
                "lines": place.lines,
                "heat": round(place.heat / hottest, 3),
            }
            for place in places
        ],
        "imports": _arrows(places, imports),
    }


def _places(top: _Folder) -> list[_Folder]:
    """Return the places of the picture, by path."""
    places = [top]
    while can_open := [one for one in places if one.folders]:
        largest = max(can_open, key=lambda one: (one.lines, one.path))
        inside = largest.opened()
        if len(places) - 1 + len(inside) > _MOST_PLACES:
            break
        places.remove(largest)
        places += inside
    return sorted((place for place in places if place.files), key=lambda one: one.path)


def _arrows(places: list[_Folder], imports: list[tuple[int, int]]) -> list[dict[str, int]]:
    """Return how many imports lead from place to place, most first; places by their position."""
    where = {number: at for at, place in enumerate(places) for number in place.numbers()}
    counted: Counter[tuple[int, int]] = Counter()
    for source, target in imports:
        here, there = where.get(source), where.get(target)
        if here is not None and there is not None and here != there:
            counted[here, there] += 1
    most = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_MOST_ARROWS]
    return [{"from": here, "to": there, "imports": count} for (here, there), count in most]
