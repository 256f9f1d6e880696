"""The extractor is given files of any kind, made of what real ones are made of.

In the child that extracts for a worker, with its limits: neither the parser nor anything around it
hangs, exhausts memory or fails. ``make fuzz`` tries a thousand files that nobody saw before.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st

from rtkq.extract.facts import decode, encode
from rtkq.extract.languages import LANGUAGES
from rtkq_workers.rebuild import extractor

CASES = Path(__file__).parents[1] / "unit/extract/cases"
#: Source text by language, without what is expected of it.
_SOURCES = {
    file.stem: file.read_bytes().partition(b"=" * 40)[0] for file in sorted(CASES.glob("*.txt"))
}
_SIGNS = [*"{}()[]<>\"'`#\\\n\r\t;:,=@$?\0\ufeff", '"""', "/*", "*/", "//", "<<EOF\n", "${"]
_WORDS = ["class ", "def ", "fn ", "func ", "if ", "import "]
_PIECES = st.sampled_from([*_SIGNS, *_WORDS]).map(str.encode)
_MOST_REPEATS = 400
_MOST_BYTES = 10_000


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a language and a file: parts of real ones, moved about, broken and repeated."""
    language = draw(st.sampled_from(sorted(LANGUAGES)))
    data = b""
    for _ in range(draw(st.integers(1, 4))):
        other = draw(st.sampled_from(sorted(_SOURCES)))
        source = _SOURCES[language if language in _SOURCES and draw(st.booleans()) else other]
        at, to = sorted(draw(st.tuples(*[st.integers(0, len(source))] * 2)))
        part = source[at:to] + draw(_PIECES | st.binary(max_size=6))
        repeats = draw(st.sampled_from([1, 1, 1, 2, _MOST_REPEATS]))
        data += part[: _MOST_BYTES // repeats] * repeats
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(_PIECES) + data[at + draw(st.integers(0, 3)) :]
    return language, data


@settings(deadline=None)
@given(file=files())
def test_any_file_is_extracted_within_its_limits(file: tuple[str, bytes]) -> None:
    """It has facts, or is left out for what it is; and the facts are stored without loss."""
    language, data = file
    facts = decode(extractor.extracted(data, language))

    event(facts.skipped or language)
    assert facts.skipped in ("", "binary", "generated", "minified")
    assert decode(encode(facts)) == facts
    assert all(1 <= one.line <= one.end_line <= facts.lines for one in facts.definitions)
