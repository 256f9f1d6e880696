"""Tables of the four kinds of database, and the numbered migrations that make them.

``registry``: one a home, all projects. ``facts``: sixteen a home, what was extracted from
contents. ``memory``: one a checkout, what the hook reads. ``metrics``: one a home, what hooks and
workers did, in numbers. A model is bound to a database only
while that database is in use, for many memories share the same models.

A table is WITHOUT ROWID where its rows are short. Where they are long it is not, for in a tree by
key what exceeds a fourth of a page takes pages of its own, and half of their room stays empty.

A migration is never edited once released; a new one is appended. ``user_version`` holds the
number of the last one applied, ``application_id`` says the file is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtkq import drivers

with drivers.left_out():
    from peewee import (
        BlobField,
        BooleanField,
        CompositeKey,
        FloatField,
        IntegerField,
        Model,
        TextField,
    )

#: "rtkq" in ASCII; tells our files from any other SQLite file.
APPLICATION_ID = 0x72746B71


class ProjectRow(Model):
    """A registered checkout."""

    root = TextField(primary_key=True)
    #: Raised at each mark-dirty.
    owed_seq = IntegerField(default=0)
    #: The owed_seq read by the last rebuild that ended clean.
    done_seq = IntegerField(default=0)
    #: Seconds since the epoch at which an agent last worked here; 0 for never.
    used_at = FloatField(default=0.0)
    #: Set while a nudge is believed to wait in the queue; a hint only, for nudges may be lost.
    nudged_at = FloatField(default=0.0)
    #: Failed rebuilds since the last success, and what holds the next one back.
    attempts = IntegerField(default=0)
    retry_at = FloatField(default=0.0)
    last_error = TextField(default="")

    class Meta:
        table_name = "project"


class FactRow(Model):
    """What one content gave to one version of one language's extractor."""

    #: Hash of the bytes, language and extractor version: see ``store.facts``.
    key = BlobField(primary_key=True)
    payload = BlobField()
    #: Day since the epoch on which it was put, or last found to be used by a memory.
    day = IntegerField(default=0)

    class Meta:
        table_name = "fact"


class CallRow(Model):
    """How many calls of the hook were alike, in one hour."""

    #: Hours since the epoch.
    hour = IntegerField()
    root = TextField()
    agent = TextField()
    #: Normalised type of the subagent; empty where the call was not about one.
    type = TextField()
    event = TextField()
    outcome = TextField()
    #: State of the memory that was served; empty without one.
    state = TextField()
    #: How long they took: see ``store.metrics.slot``.
    slot = IntegerField()
    calls = IntegerField()
    #: What they injected, in characters.
    chars = IntegerField()

    class Meta:
        table_name = "call"
        primary_key = CompositeKey(
            "hour", "root", "agent", "type", "event", "outcome", "state", "slot"
        )
        without_rowid = True


class GivenRow(Model):
    """One of the last contexts that a subagent was given."""

    id = IntegerField(primary_key=True)
    #: Milliseconds since the epoch.
    at = IntegerField()
    root = TextField()
    agent = TextField()
    type = TextField()
    outcome = TextField()
    state = TextField()
    generation = IntegerField()
    chars = IntegerField()
    elapsed_us = IntegerField()
    #: How many files it named, and the first of them, a path a line.
    files = IntegerField()
    paths = TextField()
    #: Leads to the transcript of the subagent: see ``receipts.link_of``.
    link = TextField()

    class Meta:
        table_name = "given"


class FoldedRow(Model):
    """How far a file of receipts has been counted."""

    file = TextField(primary_key=True)
    offset = IntegerField()

    class Meta:
        table_name = "folded"
        without_rowid = True


class PaidRow(Model):
    """How many rebuilds were alike, in one hour."""

    hour = IntegerField()
    root = TextField()
    is_done = BooleanField()
    slot = IntegerField()
    rebuilds = IntegerField()

    class Meta:
        table_name = "paid"
        primary_key = CompositeKey("hour", "root", "is_done", "slot")
        without_rowid = True


class MetaRow(Model):
    """The one row that describes a memory."""

    id = IntegerField(primary_key=True)
    #: Real path of the checkout; a reader that came for another one must not use this memory.
    root = TextField()
    #: How far the first build has come: empty, paths, complete.
    stage = TextField()
    #: Number of published states.
    generation = IntegerField()
    #: Milliseconds since the epoch at which the last state was published.
    indexed_at = IntegerField()
    #: Commit that was checked out then, as ``git.tip`` tells it; empty without git.
    git_head = TextField()
    #: Versions of extractors and of the layout this memory was computed by.
    recipe = TextField()
    #: Fencing token of the last claim: only its holder may publish.
    fence = IntegerField()
    #: Last debt seq given out.
    debt_seq = IntegerField()
    #: Unfinished wish for a rebuild from nothing: debts up to this seq ask for it; 0 for none.
    full_seq = IntegerField()
    #: Upper bound of a context that the repository asks for, in tokens; 0 for none.
    most_tokens = IntegerField()

    class Meta:
        table_name = "meta"


class FieldRow(Model):
    """Totals of one field of the index; impacts depend on them only through *step*."""

    field = IntegerField(primary_key=True)
    documents = IntegerField()
    total_length = IntegerField()
    step = IntegerField()

    class Meta:
        table_name = "field"


class FileRow(Model):
    """A file of the checkout as it was indexed."""

    id = IntegerField(primary_key=True)
    path = TextField(unique=True)
    #: Last path component in lower case, for tasks that name files.
    name = TextField(index=True)
    #: Hash of the indexed bytes; empty when they were not read.
    content = BlobField()
    size = IntegerField()
    mtime_ns = IntegerField()
    ctime_ns = IntegerField()
    inode = IntegerField()
    #: False while the file was too young at indexing for its stamp to be trusted.
    is_verified = BooleanField()
    language = TextField()
    #: Why its content is not in the index (binary, generated, huge …); empty when it is.
    skipped = TextField()
    #: 0 source, 1 test, 2 documentation, example or vendored: see ``build.roles``.
    role = IntegerField()
    lines = IntegerField()
    #: How often and lately commits touched it: see ``build.history``.
    heat = IntegerField()
    #: What imports find it by: see ``build.imports``; empty for most kinds of files.
    module = TextField(index=True)

    class Meta:
        table_name = "file"


class CommitRow(Model):
    """A past commit that says something about files."""

    id = IntegerField(primary_key=True)
    #: Its hash.
    name = BlobField()
    #: Seconds since the epoch.
    at = IntegerField()
    #: The paths it touched, one a line; some may be gone.
    paths = TextField()

    class Meta:
        table_name = "history"


class DefinitionRow(Model):
    """A definition in a file; *chunk* ties it to the postings of field ``chunk``.

    Members of types carry ``layout.MEMBERS`` in it as well.
    """

    file = IntegerField()
    chunk = IntegerField()
    ordinal = IntegerField()
    name = TextField()
    kind = TextField()
    line = IntegerField()
    end_line = IntegerField()
    parent = TextField()
    signature = TextField()
    is_exported = BooleanField()

    class Meta:
        table_name = "definition"
        primary_key = CompositeKey("file", "chunk", "ordinal")
        indexes = ((("name", "file"), False),)
        without_rowid = True


class PostingRow(Model):
    """Who holds a term: the head of the list, strongest impact first, as readers need it.

    The short lists of a term share a row: see ``recall.layout``.
    """

    term = TextField()
    field = IntegerField()
    #: Length of the whole list, head and tail.
    df = IntegerField()
    #: Packed.
    head = BlobField()

    class Meta:
        table_name = "posting"
        primary_key = CompositeKey("term", "field")
        without_rowid = True


class TailRow(Model):
    """The rest of a long posting list: readers never need it, changing the list does."""

    term = TextField()
    field = IntegerField()
    #: Packed and compressed.
    tail = BlobField()

    class Meta:
        table_name = "tail"
        primary_key = CompositeKey("term", "field")


class WantRow(Model):
    """What a file asks for: one attempt to find what one of its imports means."""

    file = IntegerField()
    #: Number of the import, and of the attempt: the first one that finds a file counts.
    place = IntegerField()
    attempt = IntegerField()
    #: See ``build.imports``.
    spec = TextField(index=True)

    class Meta:
        table_name = "want"
        primary_key = CompositeKey("file", "place", "attempt")
        without_rowid = True


class EdgeRow(Model):
    """One file resting on another."""

    source = IntegerField()
    #: 0 imports, 1 tests.
    kind = IntegerField()
    target = IntegerField()

    class Meta:
        table_name = "edge"
        primary_key = CompositeKey("source", "kind", "target")
        indexes = ((("target", "kind"), False),)
        without_rowid = True


class PartRow(Model):
    """What one layer says of one file, ready to print below the file's path."""

    #: Number of the layer: see ``recall.layers``.
    layer = IntegerField()
    file = IntegerField()
    text = TextField()

    class Meta:
        table_name = "part"
        primary_key = CompositeKey("layer", "file")


class TallyRow(Model):
    """The one row that counts what is there, and what the last build had to do for it."""

    id = IntegerField(primary_key=True)
    files = IntegerField()
    bytes = IntegerField()
    edges = IntegerField()
    #: Files whose facts were extracted by the last build, and all others.
    rebuilt = IntegerField()
    reused = IntegerField()

    class Meta:
        table_name = "tally"


class LayerRow(Model):
    """A text about the whole project, ready to print."""

    kind = TextField(primary_key=True)
    text = TextField()

    class Meta:
        table_name = "layer"
        without_rowid = True


class DebtRow(Model):
    """A path whose change is owed to the memory."""

    path = TextField(primary_key=True)
    #: Raised at each mark; publishing clears the debt only where it is the seq that was read.
    seq = IntegerField()
    #: The oldest seq that is not paid: whoever marked the path before waits for it, however
    #: often it was marked since.
    since = IntegerField()
    #: Milliseconds since the epoch of the first mark that is still owed.
    marked_at = IntegerField()

    class Meta:
        table_name = "debt"
        without_rowid = True


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one kind of database and how they came to be."""

    #: What messages call it.
    kind: str
    models: tuple[type[Model], ...]
    #: Statements of each migration, oldest first; index + 1 is its number.
    migrations: tuple[Sequence[str], ...]

    @property
    def version(self) -> int:
        """The number of the newest migration."""
        return len(self.migrations)


REGISTRY = Schema(
    "registry",
    (ProjectRow,),
    (
        (
            """CREATE TABLE project (root TEXT NOT NULL PRIMARY KEY, owed_seq INTEGER NOT NULL,
               done_seq INTEGER NOT NULL, used_at REAL NOT NULL, nudged_at REAL NOT NULL,
               attempts INTEGER NOT NULL, retry_at REAL NOT NULL, last_error TEXT NOT NULL)""",
        ),
    ),
)

FACTS = Schema(
    "facts",
    (FactRow,),
    (
        (
            """CREATE TABLE fact (key BLOB NOT NULL PRIMARY KEY, payload BLOB NOT NULL)
               WITHOUT ROWID""",
        ),
        ("ALTER TABLE fact ADD COLUMN day INTEGER NOT NULL DEFAULT 0",),
        (
            # As numbered rows, like all that is long: see above.
            "DROP TABLE fact",
            """CREATE TABLE fact (key BLOB NOT NULL PRIMARY KEY, payload BLOB NOT NULL,
               day INTEGER NOT NULL)""",
        ),
    ),
)

MEMORY = Schema(
    "memory",
    (
        MetaRow,
        TallyRow,
        FieldRow,
        FileRow,
        CommitRow,
        DefinitionRow,
        PostingRow,
        TailRow,
        WantRow,
        EdgeRow,
        PartRow,
        LayerRow,
        DebtRow,
    ),
    (
        (
            """CREATE TABLE meta (id INTEGER NOT NULL PRIMARY KEY, root TEXT NOT NULL,
               stage TEXT NOT NULL, generation INTEGER NOT NULL, indexed_at INTEGER NOT NULL,
               git_head TEXT NOT NULL, recipe TEXT NOT NULL, fence INTEGER NOT NULL,
               debt_seq INTEGER NOT NULL, full_seq INTEGER NOT NULL)""",
            """CREATE TABLE field (field INTEGER NOT NULL PRIMARY KEY, documents INTEGER NOT NULL,
               total_length INTEGER NOT NULL, step INTEGER NOT NULL)""",
            """CREATE TABLE file (id INTEGER NOT NULL PRIMARY KEY, path TEXT NOT NULL UNIQUE,
               name TEXT NOT NULL, content BLOB NOT NULL, size INTEGER NOT NULL,
               mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
               is_verified INTEGER NOT NULL, language TEXT NOT NULL, skipped TEXT NOT NULL,
               role INTEGER NOT NULL, lines INTEGER NOT NULL, heat INTEGER NOT NULL,
               module TEXT NOT NULL)""",
            "CREATE INDEX file_name ON file (name)",
            "CREATE INDEX file_module ON file (module)",
            "CREATE INDEX file_heat ON file (role, heat DESC)",
            """CREATE TABLE history (id INTEGER NOT NULL PRIMARY KEY, name BLOB NOT NULL,
               at INTEGER NOT NULL, paths TEXT NOT NULL)""",
            """CREATE TABLE definition (file INTEGER NOT NULL, chunk INTEGER NOT NULL,
               ordinal INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
               line INTEGER NOT NULL, end_line INTEGER NOT NULL, parent TEXT NOT NULL,
               signature TEXT NOT NULL, is_exported INTEGER NOT NULL,
               PRIMARY KEY (file, chunk, ordinal)) WITHOUT ROWID""",
            "CREATE INDEX definition_name ON definition (name, file)",
            """CREATE TABLE posting (term TEXT NOT NULL, field INTEGER NOT NULL,
               df INTEGER NOT NULL, head BLOB NOT NULL,
               PRIMARY KEY (term, field)) WITHOUT ROWID""",
            """CREATE TABLE tail (term TEXT NOT NULL, field INTEGER NOT NULL, tail BLOB NOT NULL,
               PRIMARY KEY (term, field))""",
            """CREATE TABLE want (file INTEGER NOT NULL, place INTEGER NOT NULL,
               attempt INTEGER NOT NULL, spec TEXT NOT NULL,
               PRIMARY KEY (file, place, attempt)) WITHOUT ROWID""",
            "CREATE INDEX want_spec ON want (spec)",
            """CREATE TABLE edge (source INTEGER NOT NULL, kind INTEGER NOT NULL,
               target INTEGER NOT NULL, PRIMARY KEY (source, kind, target)) WITHOUT ROWID""",
            "CREATE INDEX edge_target ON edge (target, kind)",
            """CREATE TABLE part (layer INTEGER NOT NULL, file INTEGER NOT NULL,
               text TEXT NOT NULL, PRIMARY KEY (layer, file))""",
            """CREATE TABLE tally (id INTEGER NOT NULL PRIMARY KEY, files INTEGER NOT NULL,
               bytes INTEGER NOT NULL, edges INTEGER NOT NULL, rebuilt INTEGER NOT NULL,
               reused INTEGER NOT NULL)""",
            "CREATE TABLE layer (kind TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
            """CREATE TABLE debt (path TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL,
               since INTEGER NOT NULL,
               marked_at INTEGER NOT NULL) WITHOUT ROWID""",
        ),
        ("ALTER TABLE meta ADD COLUMN most_tokens INTEGER NOT NULL DEFAULT 0",),
    ),
)

METRICS = Schema(
    "metrics",
    (CallRow, GivenRow, FoldedRow, PaidRow),
    (
        (
            """CREATE TABLE call (hour INTEGER NOT NULL, root TEXT NOT NULL, agent TEXT NOT NULL,
               type TEXT NOT NULL, event TEXT NOT NULL, outcome TEXT NOT NULL,
               state TEXT NOT NULL, slot INTEGER NOT NULL, calls INTEGER NOT NULL,
               chars INTEGER NOT NULL,
               PRIMARY KEY (hour, root, agent, type, event, outcome, state, slot)) WITHOUT ROWID""",
            """CREATE TABLE given (id INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL,
               root TEXT NOT NULL, agent TEXT NOT NULL, type TEXT NOT NULL, outcome TEXT NOT NULL,
               state TEXT NOT NULL, generation INTEGER NOT NULL, chars INTEGER NOT NULL,
               elapsed_us INTEGER NOT NULL, files INTEGER NOT NULL, paths TEXT NOT NULL)""",
            """CREATE TABLE folded (file TEXT NOT NULL PRIMARY KEY, offset INTEGER NOT NULL)
               WITHOUT ROWID""",
            """CREATE TABLE paid (hour INTEGER NOT NULL, root TEXT NOT NULL,
               is_done INTEGER NOT NULL, slot INTEGER NOT NULL, rebuilds INTEGER NOT NULL,
               PRIMARY KEY (hour, root, is_done, slot)) WITHOUT ROWID""",
        ),
        ("ALTER TABLE given ADD COLUMN link TEXT NOT NULL DEFAULT ''",),
        # By this a team tells stores apart that count: hosts, users and homes may have equal names.
        (
            "CREATE TABLE source (name TEXT NOT NULL)",
            "INSERT INTO source VALUES (lower(hex(randomblob(16))))",
        ),
    ),
)
