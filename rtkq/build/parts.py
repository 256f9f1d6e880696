"""What the layers say of one file: a function of its path and its facts.

Names and signatures alone, cleaned for printing; nothing here is prose of the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from rtkq.build.roles import role_of
from rtkq.build.source import Source
from rtkq.extract.facts import Definition, Facts, Manifest
from rtkq.recall import layers
from rtkq.recall.layout import ROLE_SOURCE
from rtkq.recall.render import clean

INSERT_PART = "INSERT INTO part (layer, file, text) VALUES (?, ?, ?)"
DELETE_PARTS = (
    f"DELETE FROM part WHERE layer IN ({','.join(map(str, range(len(layers.NAMES))))}) AND file = ?"
)

_MOST_NAMES = 40
_LONGEST_LIST = 400
_LONGEST_DEPENDENCIES = 1500
_MOST_MEMBERS = 12
_MOST_LINES = 80
_MOST_DEPENDENCIES = 60
_LONGEST_LINE = 160

_TYPES = frozenset(("class", "interface", "struct", "enum", "trait", "type"))
#: What is used by name alone has no signature worth a line, and is named after the rest.
_WITHOUT_SIGNATURE = frozenset(("variable", "constant", "macro", "module"))
#: Files that are started, by the habits of their languages.
_PROGRAM = re.compile(
    r"""(^|/)(__main__|manage|wsgi|asgi|app|main|cli|server)\.py$ | (^|/)cmd/[^/]+/[^/]+\.go$
      | (^|/)src/(main|bin/[^/]+)\.rs$ | (^|/)(Program|Startup)\.cs$ | (^|/)config\.ru$
      | (^|/)(main|index|server|cli|app)\.[cm]?[jt]sx?$ | (^|/)s?bin/[^/]+$ | (^|/)Main\.(java|kt)$
    """,
    re.VERBOSE,
)
_MAIN_LANGUAGES = frozenset("c cpp csharp go java kotlin rust scala swift".split())  # noqa: SIM905
#: Below this folder depth an index file is a module like any other.
_PROGRAM_DEPTH = 3


def part_rows(file: int, source: Source) -> list[tuple[int, int, str]]:
    """Return the values for ``INSERT_PART``, a row a layer that has something to say."""
    found = _parts(source.path, source.facts) if source.language else ()
    return [(layer, file, text) for layer, text in found if text]


def _parts(path: str, facts: Facts) -> Iterator[tuple[int, str]]:
    if facts.manifest is not None:
        yield layers.PROJECT_MAP, _listed(facts.manifest.entries, _MOST_NAMES)
        yield layers.DEP_MANIFEST, _dependencies(facts.manifest)
    elif role_of(path) == ROLE_SOURCE:
        yield layers.PROJECT_MAP, _entry_point(path, facts)
        yield layers.MODULE_INDEX, _names(facts.definitions)
        yield layers.TYPE_GRAPH, _types(facts)
        yield layers.API_SURFACE, _signatures(facts.definitions)


def _entry_point(path: str, facts: Facts) -> str:
    """Return how the file starts something; nothing for most files."""
    for one in facts.definitions:
        if one.name == "main" and _is_main(one, facts.language):
            return f"main :{one.line}"
    is_program = path.count("/") < _PROGRAM_DEPTH and _PROGRAM.search(path)
    return "program" if is_program and facts.definitions else ""


def _is_main(one: Definition, language: str) -> bool:
    is_inside = bool(one.parent) and one.kind == "function"
    return language in _MAIN_LANGUAGES and one.kind in ("function", "method") and not is_inside


def _names(definitions: Iterable[Definition]) -> str:
    public = sorted(_public(definitions), key=lambda one: one.kind in _WITHOUT_SIGNATURE)
    return _listed((one.name for one in public), _MOST_NAMES)


def _public(definitions: Iterable[Definition]) -> list[Definition]:
    """Return what others may use that is no member of a type."""
    known = list(definitions)
    types = {_qualified(one) for one in known if one.kind in _TYPES}
    return [
        one for one in known if one.is_exported and one.kind != "method" and one.parent not in types
    ]


def _signatures(definitions: Iterable[Definition]) -> str:
    return _lines(
        f":{one.line} {_shown(one)}"
        for one in definitions
        if one.is_exported and one.kind not in _WITHOUT_SIGNATURE
    )


def _shown(one: Definition) -> str:
    """Return the signature, after the qualified name where the signature hides it."""
    signature = one.signature or f"{one.kind} {one.name}"
    return f"{_qualified(one)} {signature}" if one.parent else signature


def _types(facts: Facts) -> str:
    """Return a line a type: what it extends, implements, contains or is an alias of."""
    related: dict[str, dict[str, list[str]]] = {}
    for relation in facts.relations:
        if relation.source != relation.target:
            kinds = related.setdefault(relation.source, {})
            kinds.setdefault(relation.kind, []).append(relation.target)
    kind_of = {_qualified(one): one.kind for one in facts.definitions if one.kind in _TYPES}
    for one in facts.definitions:
        if one.is_exported and one.parent in kind_of:
            related.setdefault(one.parent, {}).setdefault("contains", []).append(one.name)
    return _lines(
        f"{kind_of.get(name, 'type')} {name}{_relations(kinds)}" for name, kinds in related.items()
    )


def _relations(kinds: dict[str, list[str]]) -> str:
    order = ("alias", "extends", "implements", "contains")
    told = (f" {kind} {_listed(kinds[kind], _MOST_MEMBERS)}" for kind in order if kind in kinds)
    return "".join(told)


def _dependencies(manifest: Manifest) -> str:
    by_kind: dict[str, list[str]] = {}
    for one in manifest.dependencies:
        by_kind.setdefault(one.kind, []).append(f"{one.name} {one.version}".strip())
    own = [f"package {manifest.name}"] if manifest.name else []
    told = [
        f"{kind}: {_listed(names, _MOST_DEPENDENCIES, _LONGEST_DEPENDENCIES)}"
        for kind, names in by_kind.items()
    ]
    return "\n".join(own + told)


def _qualified(one: Definition) -> str:
    return f"{one.parent}.{one.name}" if one.parent else one.name


def _listed(names: Iterable[str], most: int, longest: int = _LONGEST_LIST) -> str:
    """Return *names* once each, separated by commas, and how many more there are.

    Args:
        names: Names as they stand in the repository.
        most: How many are shown.
        longest: How long the whole may be, in characters.
    """
    distinct = list(dict.fromkeys(map(clean, names)))
    ends = accumulate(len(name) + 2 for name in distinct)
    shown = min(most, sum(end <= longest for end in ends))
    more = [f"+{len(distinct) - shown}"] if len(distinct) > shown else []
    return ", ".join(distinct[:shown] + more)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join([clean(line)[:_LONGEST_LINE] for line in lines][:_MOST_LINES])
