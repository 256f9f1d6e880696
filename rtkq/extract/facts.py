"""The facts of one source file, and how they are stored.

Facts are a function of the file's bytes and its language alone: the same bytes under another
path, in another checkout or on another machine give the same facts, so they are shared by content.
Whatever depends on the path (stem, test or not, what an import resolves to) is no fact.
"""

from __future__ import annotations

import zlib

import msgspec

#: What a definition can be. "module" stands for namespaces, inline modules and singleton objects,
#: "struct" for unions too, "interface" for protocols and annotations, "type" for aliases and
#: typedefs, "method" for constructors too.
KINDS = frozenset(
    {
        "function",
        "method",
        "class",
        "interface",
        "struct",
        "enum",
        "trait",
        "type",
        "constant",
        "variable",
        "module",
        "macro",
    }
)

#: What a member of a type is, whether a struct's field, an enum's constant, a class's attribute
#: or a property that an interface asks for.
MEMBER = "field"

#: Level 1 packs nearly as well as 6 on word counts, at a third of the time.
_COMPRESSION = 1


class DamagedFactsError(ValueError):
    """Stored bytes are not facts: throw them away and extract the file again."""


class Definition(msgspec.Struct, frozen=True, array_like=True):
    """Something a reader may look for by name."""

    #: Simple name as written, without its container.
    name: str
    #: One of KINDS, or MEMBER.
    kind: str
    #: Line the name stands on, from 1; for a typedef that ends in its name, the line it begins on.
    line: int
    #: Last line of the body, >= line.
    end_line: int
    #: One line of at most 200 characters: no body, no comment, "…" for each literal;
    #: "" for a member.
    signature: str
    #: Meant for others by the rules of the language (public, export, capital letter ...).
    is_exported: bool
    #: Qualified name of the container, joined by dots; "" at top level.
    parent: str


class Import(msgspec.Struct, frozen=True, array_like=True):
    """Another module this file names."""

    #: As written, without quotes, brackets, wildcards and renamings. What the language says is
    #: looked for beside this file carries the sign of it: "./x", Python's dots, Rust's "self::x".
    module: str
    line: int


class Relation(msgspec.Struct, frozen=True, array_like=True):
    """One type or name resting on another."""

    #: extends, implements or alias.
    kind: str
    #: Qualified name of the definition, or the name as written where it is defined elsewhere.
    source: str
    #: Name as written, without type arguments.
    target: str
    line: int


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of lines that belongs together, with its words."""

    line: int
    #: Last line, >= line; at most 80 lines in all.
    end_line: int
    #: Index into Facts.definitions of the one that opens the chunk; -1 for none.
    definition: int
    #: How often each identifier stands there, as written.
    words: dict[str, int]


class Dependency(msgspec.Struct, frozen=True, array_like=True):
    """Another package that a manifest asks for."""

    name: str
    #: runtime, dev, build, optional, peer or indirect.
    kind: str
    #: As written; "" for any, "…" for what is no version.
    version: str


class Manifest(msgspec.Struct, frozen=True, array_like=True):
    """What a manifest says of its package."""

    #: The package's own name; "" where it has none.
    name: str
    #: In the order of the file.
    dependencies: list[Dependency]
    #: What can be started by name: "command → target", or a script's name alone.
    entries: list[str]


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """All that is known of one file's bytes.

    The words of all chunks and of the rest count each identifier of the file once. A skipped file
    has neither definitions nor words; a file whose parse was given up has words alone.
    """

    #: As passed to extract().
    language: str
    #: Why nothing was extracted: "" (it was), binary, generated, minified, huge, failed; timeout
    #: and memory are for whoever runs the extractor in a process with limits.
    skipped: str
    lines: int
    #: In order of appearance.
    definitions: list[Definition] = []
    imports: list[Import] = []
    relations: list[Relation] = []
    #: In order of appearance, without overlap.
    chunks: list[Chunk] = []
    #: Words of lines outside of every chunk.
    rest: dict[str, int] = {}
    #: None for a file that is no manifest, or none that could be read.
    manifest: Manifest | None = None
    #: Of types, in order of appearance. Apart, for there are many and no chunk begins with one.
    members: list[Definition] = []


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Facts)


def encode(facts: Facts) -> bytes:
    """Return the stored form of *facts*; the same facts give the same bytes."""
    return zlib.compress(_encoder.encode(facts), _COMPRESSION)


def decode(stored: bytes) -> Facts:
    """Return the facts that encode() stored.

    Raises:
        DamagedFactsError: *stored* is not what encode() wrote.
    """
    try:
        return _decoder.decode(zlib.decompress(stored))
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedFactsError(f"cannot read stored facts: {error}") from error
