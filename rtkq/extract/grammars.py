"""tree-sitter behind one function: the bytes of a file in, the matches of its query out.

The queries under queries/ are ours, one file a language, and speak in capture names:

    @function @class ...   the node of a definition; the name is its kind (facts.KINDS)
    @field                 the same of a type's member (facts.MEMBER)
    @name @body            its name; what its signature leaves out
    @keyword               a word outside of the node that its signature begins with
    @parent                the container's name where the container does not enclose the node
    @prototype             on the definition's node: gives way to a definition of the same name
    @container             encloses definitions and names them, but is none itself
    @wrapper               holds another node (decorators, template, export) that is @wrapped,
                           or @exported, which makes it visible as well
    @section               private:, public: ... up to the next one in the same container
    @hidden                a definition's node that is not visible
    @export                a name that the module gives away elsewhere
    @import                a module's name; @import.own: one looked for beside this file;
                           @prefix stands before it
    @extends @implements @alias     the target of a relation whose subject is @source

Of several patterns that match the same @name the first in the file counts. Names with an
underscore serve predicates alone: (#among? @x "a" "b") holds where the text of @x is one of
those, (#like? @x "regex") where it begins so, (#unlike? @x "regex") where it does not.

A parse may not run for ever, and facts may not depend on how fast a machine is: the budget is
counted in steps of the parser and pieces read, never in seconds.
"""

from __future__ import annotations

import functools
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Language, Node, Point, Query, Tree

    Match = dict[str, list[Node]]

#: Language -> (wheel's module, function that gives the grammar, query files in reading order).
_GRAMMARS = {
    "bash": ("tree_sitter_bash", "language", ("bash",)),
    "c": ("tree_sitter_c", "language", ("c",)),
    "cpp": ("tree_sitter_cpp", "language", ("c", "cpp")),
    "csharp": ("tree_sitter_c_sharp", "language", ("csharp",)),
    "go": ("tree_sitter_go", "language", ("go",)),
    "java": ("tree_sitter_java", "language", ("java",)),
    "javascript": ("tree_sitter_javascript", "language", ("javascript", "javascript_only")),
    "kotlin": ("tree_sitter_kotlin", "language", ("kotlin",)),
    "lua": ("tree_sitter_lua", "language", ("lua",)),
    "php": ("tree_sitter_php", "language_php", ("php",)),
    "python": ("tree_sitter_python", "language", ("python",)),
    "ruby": ("tree_sitter_ruby", "language", ("ruby",)),
    "rust": ("tree_sitter_rust", "language", ("rust",)),
    "scala": ("tree_sitter_scala", "language", ("scala",)),
    "swift": ("tree_sitter_swift", "language", ("swift",)),
    "tsx": ("tree_sitter_typescript", "language_tsx", ("javascript", "typescript")),
    "typescript": ("tree_sitter_typescript", "language_typescript", ("javascript", "typescript")),
}

#: Languages with a grammar; any other is words alone.
PARSED = frozenset(_GRAMMARS)

#: Bytes handed to the parser at once.
_PIECE = 4_096

#: tree-sitter reports every hundred steps. Readable code takes about 0.6 steps a byte, the
#: densest 2.5, and hardly any of them in search of a way out of a syntax error: those cost the
#: most.
_STEPS_PER_REPORT = 100
_STEPS_PER_BYTE = 4
_STEPS_ANYWAY = 20_000
_ERROR_WEIGHT = 10

#: Scanners that look ahead to the end of the file again and again are noticed by the pieces they
#: read, since no step passes meanwhile. Bash does it for a heredoc, Python for each line of a
#: comment: ten thousand pieces are a run of two thousand such lines, and half a second.
_READS_PER_PIECE = 40
_READS_ANYWAY = 10_000

_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
_MOST_OPEN = 1_000

#: tree-sitter-python 0.25 takes memory quadratic in such pairs: a gigabyte for two thousand of
#: them. Valid Python has them in strings alone.
_EXPLOSIVE = {"python": re.compile(rb"/\s*\*")}
_MOST_EXPLOSIVE = 500

#: A query takes quadratic time over a node's tokens, and only a syntax error collects this many.
_MOST_ERROR_TOKENS = 2_000

#: Nobody nests definitions this deep, and beyond 65,535 a query takes quadratic time again.
_MOST_DEPTH = 1_000


def matches(language: str, source: bytes) -> list[tuple[int, Match]] | None:
    """Parse *source* and return what the query of *language* finds.

    Args:
        language: One of PARSED.
        source: Valid UTF-8.

    Returns:
        List of (number of the pattern in the query, nodes by capture name) in order of
        appearance; None when the file was given up for what it would cost.
    """
    from tree_sitter import QueryCursor

    grammar, query = _load(language)
    is_costly = _is_lopsided(source) or _is_explosive(language, source)
    tree = None if is_costly else _parse(grammar, source)
    if tree is None or _is_wreck(tree):
        return None
    cursor = QueryCursor(query)
    cursor.set_max_start_depth(_MOST_DEPTH)
    # No progress callback here: py-tree-sitter 0.26 crashes on one.
    return cursor.matches(tree.root_node, functools.partial(_holds, source))


@functools.cache
def _load(language: str) -> tuple[Language, Query]:
    """Load a grammar at its first use: none may exist before a process forks."""
    from tree_sitter import Language, Query

    module, function, names = _GRAMMARS[language]
    grammar = Language(getattr(importlib.import_module(module), function)())
    folder = Path(__file__).with_name("queries")
    text = "\n".join((folder / f"{name}.scm").read_text("utf-8") for name in names)
    return grammar, Query(grammar, text)


def _parse(grammar: Language, source: bytes) -> Tree | None:
    # A parser of its own for each file: one is cheap, and none is shared between threads.
    from tree_sitter import Parser

    meter = _Meter(source)
    try:
        tree = Parser(grammar).parse(meter.read, progress_callback=meter.has_parsed_enough)
    except ValueError:
        if meter.is_spent:
            return None
        raise
    return None if meter.is_spent else tree


def _is_lopsided(source: bytes) -> bool:
    """Tell whether brackets are left open by the thousand.

    A parser that meets the end of the file inside of them looks for a way out in one single step,
    which takes quadratic time and which no budget of steps interrupts.
    """
    surplus = [abs(source.count(left) - source.count(right)) for left, right in _BRACKETS]
    # Arrows and comparisons leave these unequal in readable code too, if less than one in ten.
    angles = abs(source.count(b"<") - source.count(b">"))
    return max(surplus) > _MOST_OPEN or angles > max(_MOST_OPEN, len(source) // 10)


def _is_explosive(language: str, source: bytes) -> bool:
    pair = _EXPLOSIVE.get(language)
    return pair is not None and len(pair.findall(source)) > _MOST_EXPLOSIVE


def _is_wreck(tree: Tree) -> bool:
    """Tell whether the parser found no structure in a large part of the file."""
    if tree.root_node.descendant_count <= _MOST_ERROR_TOKENS:
        return False
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.has_error:
            tokens = node.child_count - node.named_child_count
            if node.is_error and tokens > _MOST_ERROR_TOKENS:
                return True
            waiting += node.children
    return False


def _holds(
    source: bytes,
    predicate: str,
    arguments: list[tuple[str, str]],
    _pattern: int,
    captures: Match,
) -> bool:
    """Answer a predicate of the queries.

    They are our own because tree-sitter's (#eq? ...) fetch each text through the parser's read
    callback, several calls a word.
    """
    capture, *values = (value for value, _ in arguments)
    for node in captures.get(capture, []):
        text = source[node.start_byte : node.end_byte].decode()
        if not _PREDICATES[predicate](text, values):
            return False
    return True


_PREDICATES: dict[str, Callable[[str, list[str]], bool]] = {
    "among?": lambda text, values: text in values,
    "like?": lambda text, values: re.match(values[0], text) is not None,
    "unlike?": lambda text, values: re.match(values[0], text) is None,
}


class _Meter:
    """Hands out the source and counts what parsing it costs.

    Once spent, it stays so, and the source ends early: a scanner in mid-run sees the end of
    the file instead of reading on.
    """

    def __init__(self, source: bytes) -> None:
        self.is_spent = False
        self._source = source
        pieces = len(source) // _PIECE + 1
        self._reads = pieces * _READS_PER_PIECE + _READS_ANYWAY
        self._reports = (len(source) * _STEPS_PER_BYTE + _STEPS_ANYWAY) // _STEPS_PER_REPORT

    def read(self, offset: int, _point: Point) -> bytes:
        self._reads -= 1
        if self._reads < 0:
            self.is_spent = True
        return b"" if self.is_spent else self._source[offset : offset + _PIECE]

    def has_parsed_enough(self, _offset: int, has_error: bool) -> bool:
        self._reports -= _ERROR_WEIGHT if has_error else 1
        self.is_spent = self.is_spent or self._reports < 0
        return self.is_spent
