"""What one source file says: its definitions, imports, relations and words.

Pure: bytes in, facts out, the same on every machine. No tree-sitter object exists before the
first parse, so a process may fork after importing this.
"""

from __future__ import annotations

import re

from rtkq.extract import grammars, manifests, skips
from rtkq.extract.chunks import Text, cut
from rtkq.extract.facts import Facts
from rtkq.extract.languages import written_in
from rtkq.extract.outlines import Outline, outline

#: Larger files are skipped: hardly anybody writes them by hand.
MAX_BYTES = 1_000_000

_BOM = "\ufeff"

#: Lines that C does not have, for headers that both languages call ".h".
_CPP_LINE = re.compile(
    r"""^[ \t]*(?:
        namespace\s+[\w:]+\s*\{? $ | template\s*< | using\s+[\w:]+\s*[=;] | using\s+namespace\b
      | class[ \t]+(?:\w+[ \t]+){0,3}\w+[ \t]*[:{;] | class\s+\w+\s*$
      | (?:public|private|protected)\s*(?:slots\s*)?:
    )""",
    re.MULTILINE | re.VERBOSE,
)


def extract(data: bytes, language: str) -> Facts:
    """Return the facts of a file.

    Args:
        data: The file's bytes, whatever they are.
        language: One of languages.LANGUAGES; any other is read for its words alone.

    Returns:
        The facts; `skipped` says why when there are none. Never raises.
    """
    try:
        return _extract(data, language)
    except Exception:  # a grammar or a query gone wrong costs one file, not the build
        return _skipped(data, language, "failed")


def _extract(data: bytes, language: str) -> Facts:
    if len(data) > MAX_BYTES:
        return _skipped(data, language, "huge")
    if skips.is_binary(data):
        return _skipped(data, language, "binary")
    text = Text(_decode(data))
    if skips.is_generated(text.whole):
        return _skipped(data, language, "generated")
    if skips.is_minified(text.lines):
        return _skipped(data, language, "minified")
    return _read(text, language)


def _skipped(data: bytes, language: str, reason: str) -> Facts:
    has_open_end = bool(data) and not data.endswith(b"\n")
    return Facts(language=language, skipped=reason, lines=data.count(b"\n") + has_open_end)


def _decode(data: bytes) -> str:
    """Return the text with one LF after each line; what is not UTF-8 becomes U+FFFD.

    A lone CR ends a line only in files that know no LF: elsewhere neither editors nor agents
    count it.
    """
    text = data.decode("utf-8", "replace").removeprefix(_BOM)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        text = text if "\n" in text else text.replace("\r", "\n")
    return text


def _read(text: Text, language: str) -> Facts:
    grammar = written_in(language)
    found = _outline(text.whole, grammar)
    chunks, rest = cut(text, grammar, found.first_rows)
    return Facts(
        language=language,
        skipped="",
        lines=len(text.lines),
        definitions=found.definitions,
        imports=found.imports,
        relations=found.relations,
        chunks=chunks,
        rest=rest,
        manifest=manifests.read(language, text.whole),
        members=found.members,
    )


def _outline(text: str, language: str) -> Outline:
    """Return what the grammar sees; nothing where there is none, or where it gave up."""
    grammar = "cpp" if language == "c" and _CPP_LINE.search(text) else language
    if grammar not in grammars.PARSED:
        return Outline()
    return outline(grammar, text.encode()) or Outline()
