"""One memory a checkout: what the hook reads."""

from __future__ import annotations

from rtkq import drivers
from rtkq.schema import Schema

with drivers.left_out():
    from peewee import BlobField, BooleanField, CompositeKey, IntegerField, Model, TextField


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
