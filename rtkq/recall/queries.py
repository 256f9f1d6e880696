"""Every statement that reads a memory, by name; a test compiles each against the schema."""

from __future__ import annotations

from rtkq.recall import layout

OWNER = "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version"

META = """SELECT root, stage, generation, indexed_at, full_seq,
                 EXISTS (SELECT 1 FROM debt), most_tokens
          FROM meta WHERE id = 1"""

TOTALS = "SELECT field, documents FROM field"

#: {} is a list of placeholders.
HEADS = "SELECT term, field, df, head FROM posting WHERE term IN ({})"

FILES = "SELECT id, path, role, heat, size, mtime_ns, ctime_ns FROM file WHERE id IN ({})"

COMMITS = "SELECT id, name, at, paths FROM history WHERE id IN ({})"

FILES_AT = "SELECT path, id FROM file WHERE path IN ({}) ORDER BY path"

FILES_NAMED = "SELECT id, path FROM file WHERE name = ? ORDER BY path LIMIT ?"

DEFINERS = f"""SELECT DISTINCT file FROM definition
               WHERE name = ? AND chunk < {layout.MEMBERS} ORDER BY file LIMIT ?"""

#: Of chunks, as the numbers of their documents, in one JSON list: a placeholder each, in VALUES,
#: would cost more to compile than the rows to read. In the order of the list.
DEFINITIONS = f"""SELECT value, name, kind, line, definition.parent, signature
                  FROM json_each(?) CROSS JOIN definition
                  ON file = value >> {layout.CHUNK_BITS} AND chunk = value & {layout.CHUNK_MASK}"""

#: Members of types come last: see ``layout.MEMBERS``.
DEFINITIONS_OF = """SELECT chunk, name, kind, line, parent, signature
                    FROM definition WHERE file = ? ORDER BY chunk, ordinal LIMIT ?"""

#: Which of these tests cover what: see ``layers.EDGE_TEST``.
COVERED = "SELECT source, target FROM edge WHERE source IN ({}) AND kind = 1"

TESTS_OF = """SELECT path FROM edge CROSS JOIN file ON file.id = edge.source
              WHERE target = ? AND kind = 1 LIMIT ?"""

OWED = "SELECT path FROM debt ORDER BY seq DESC, path LIMIT ?"

MAP = "SELECT text FROM layer WHERE kind = 'project_map'"

LAYER = "SELECT text FROM layer WHERE kind = ?"

#: What a layer says of files of one role, those that changed most and last first.
PARTS_BY_HEAT = """SELECT path, text FROM file CROSS JOIN part ON layer = ? AND part.file = file.id
                   WHERE role = ? ORDER BY heat DESC, path LIMIT ?"""

#: What a layer says of the few files it speaks of, those nearest to the root first.
PARTS_BY_PLACE = """SELECT path, text FROM part CROSS JOIN file ON file.id = part.file
                    WHERE layer = ?
                    ORDER BY role, length(path) - length(replace(path, '/', '')), path LIMIT ?"""

HOT = """SELECT path FROM file WHERE role = 0 AND heat > 0 AND language != ''
         ORDER BY heat DESC, path LIMIT ?"""

TALLY = "SELECT files, bytes, edges, reused, rebuilt FROM tally WHERE id = 1"

#: The whole project at once, for a picture of it; never read for a task.
EVERY_FILE = "SELECT id, path, lines, heat FROM file WHERE skipped = '' ORDER BY path"

EVERY_IMPORT = "SELECT source, target FROM edge WHERE kind = 0"

#: These alone may read as much as the project is large.
OF_THE_WHOLE = (EVERY_FILE, EVERY_IMPORT)

ALL = (
    OWNER,
    META,
    TOTALS,
    HEADS,
    FILES,
    COMMITS,
    FILES_AT,
    FILES_NAMED,
    DEFINERS,
    DEFINITIONS,
    DEFINITIONS_OF,
    COVERED,
    TESTS_OF,
    OWED,
    MAP,
    LAYER,
    PARTS_BY_HEAT,
    PARTS_BY_PLACE,
    HOT,
    TALLY,
    *OF_THE_WHOLE,
)
