"""The documents of the clients, handled as raw JSON.

A prompt must reach the subagent byte for byte. Decoding and encoding again would lose what a
Python string cannot hold or SQLite cuts off (lone surrogates, NUL, numbers beyond a double), so
the tokens of the client are moved, never rewritten: SQLite parses the document and hands them
out, and text of ours is spliced in behind the opening quote.
"""

from __future__ import annotations

from rtkq.words import LONGEST_TASK
from rtkq_hooks import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: A prompt's beginning says what the task is. A character takes up to 12 bytes: an escaped pair.
_RANKED_BYTES = 12 * LONGEST_TASK
_SHORT_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "/": "/",
}  # fmt: skip
_kept: list[Any] = []
_CONTROLS = {code: f"\\u{code:04x}" for code in range(0x20)}


class Malformed(Exception):
    """The document is not one strict JSON text in UTF-8."""


def pick(document: bytes, texts: tuple[str, ...], tokens: tuple[str, ...]) -> list[bytes | None]:
    """Return some values of *document*: first the *texts*, then the *tokens*.

    Args:
        document: What the client sent.
        texts: JSON paths whose values are wanted decoded: a text as what it says, an object or
            a list as its JSON, anything else as ``None``.
        tokens: JSON paths whose values are wanted as the client spelled them, less the white
            space between tokens.

    Raises:
        Malformed: The document is not strict JSON. SQLite would also read JSON5, which no
            client means, and stop at a NUL byte.
    """
    text = _strict(document)
    columns = [f":text ->> '{path}'" for path in texts]
    columns += [f":text -> '{path}'" for path in tokens]
    row = _ask(f"SELECT {', '.join(columns)} WHERE json_valid(:text)", text=text)
    return [value if isinstance(value, bytes) else None for value in row]


def put(holder: bytes, key: str, token: bytes) -> bytes:
    """Return the JSON object *holder* with *token* as the value of its *key*."""
    query = f"SELECT json_set(:holder, '$.{key}', json(:token))"
    (result,) = _ask(query, holder=holder.decode(), token=token.decode())
    assert isinstance(result, bytes)  # noqa: S101 (json_set gives text or raises)
    return result


def prepend(text: str, token: bytes) -> bytes:
    """Return the JSON string *token* with *text* in front of what it holds."""
    return b'"' + escape(text) + token[1:]


def escape(text: str) -> bytes:
    """Return *text* as the inside of a JSON string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    # Translating is slow and a context holds no further control characters, as a rule.
    if not escaped.isprintable():
        escaped = escaped.translate(_CONTROLS)
    return escaped.encode("utf-8", "replace")


def unescape(token: bytes) -> str:
    """Return roughly what the JSON string *token* says, for ranking only.

    Only its beginning is read; what is no valid character is replaced.
    """
    inside = token[1:-1][:_RANKED_BYTES].decode("utf-8", "replace")
    first, *escaped = inside.split("\\")
    pieces = [first]
    is_literal = False
    for part in escaped:
        pieces.append(part if is_literal else _unescaped(part))
        # An empty part stands between two backslashes: the second one is escaped by the first.
        is_literal = not part and not is_literal
    text = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text[:LONGEST_TASK]


def _unescaped(part: str) -> str:
    if not part:
        return "\\"
    if part[0] == "u":
        try:
            return chr(int(part[1:5], 16)) + part[5:]
        except ValueError:
            return "\N{REPLACEMENT CHARACTER}"
    return _SHORT_ESCAPES.get(part[0], "\N{REPLACEMENT CHARACTER}") + part[1:]


def _strict(document: bytes) -> str:
    try:
        text = document.decode()
    except UnicodeDecodeError as error:
        raise Malformed from error
    if "\0" in text:
        raise Malformed
    return text


def _ask(query: str, **values: str) -> tuple[object, ...]:
    try:
        row: tuple[object, ...] | None = _parser().execute(query, values).fetchone()
    except engine.Error as error:
        raise Malformed from error
    if row is None:
        raise Malformed
    return row


def _parser() -> Any:
    """Return the database that parses: empty, and kept, for opening one takes as long as asking."""
    if not _kept:
        database = engine.connect(":memory:", check_same_thread=False)
        database.text_factory = bytes
        _kept.append(database)
    return _kept[0]
