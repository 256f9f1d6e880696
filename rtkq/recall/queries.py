"""Every statement that reads a memory, by name; a test compiles each against the schema."""

from __future__ import annotations

OWNER = "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version"

META = """SELECT root, stage, generation, indexed_at, full_seq,
                 EXISTS (SELECT 1 FROM debt)
          FROM meta WHERE id = 1"""

TOTALS = "SELECT field, documents FROM field"

#: {} is a list of placeholders.
FREQUENCIES = "SELECT term, field, df FROM posting WHERE term IN ({})"

HEADS = "SELECT term, field, df, head FROM posting WHERE term IN ({})"

FILES = "SELECT id, path, size, mtime_ns, role, heat FROM file WHERE id IN ({})"

COMMITS = "SELECT id, name, at, paths FROM history WHERE id IN ({})"

FILES_AT = "SELECT path, id FROM file WHERE path IN ({})"

FILES_NAMED = "SELECT id, path FROM file WHERE name = ? ORDER BY path LIMIT ?"

DEFINERS = "SELECT DISTINCT file FROM definition WHERE name = ? LIMIT ?"

#: {pairs} is a list of pairs of placeholders. Joined from the pairs: looked up the other way
#: round, by a pair of columns, SQLite reads the whole table.
DEFINITIONS = """WITH wanted (number, part) AS (VALUES {pairs})
                 SELECT file, chunk, name, kind, line, parent, signature
                 FROM wanted CROSS JOIN definition ON file = number AND chunk = part
                 ORDER BY file, chunk, ordinal"""

DEFINITIONS_OF = """SELECT chunk, name, kind, line, parent, signature
                    FROM definition WHERE file = ? ORDER BY chunk, ordinal LIMIT ?"""

OWED = "SELECT path FROM debt ORDER BY seq DESC, path LIMIT ?"

MAP = "SELECT text FROM layer WHERE kind = 'project_map'"

ALL = (
    OWNER,
    META,
    TOTALS,
    FREQUENCIES,
    HEADS,
    FILES,
    COMMITS,
    FILES_AT,
    FILES_NAMED,
    DEFINERS,
    DEFINITIONS,
    DEFINITIONS_OF,
    OWED,
    MAP,
)
