"""What tests share: a home of their own, small real projects, a memory as comparable rows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from rtkq import paths
from rtkq.recall import layout
from tests import redis as redis_
from tests.postgres import Proxy, Server, program

#: For `make fuzz`: always other examples, a thousand a test on CI and many more by hand.
settings.register_profile(
    "fuzz", derandomize=False, deadline=None, max_examples=1_000, print_blob=True
)
settings.register_profile(
    "fuzz-long", derandomize=False, deadline=None, max_examples=100_000, print_blob=True
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home of rtkq that nothing else uses, named by RTKQ_HOME."""
    folder = os.path.realpath(tmp_path / "home")
    monkeypatch.setenv("RTKQ_HOME", folder)
    monkeypatch.setenv("RTKQ_CONFIG", str(tmp_path / "config.toml"))
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL that the tests started; it may be stopped and started by them."""
    if program("initdb") is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    server = Server()
    yield server
    server.remove()


@pytest.fixture
def database(postgres: Server) -> str:
    """The address of an empty database."""
    return postgres.database()


@pytest.fixture(scope="session")
def redis_of_all() -> Iterator[redis_.RedisServer]:
    """A Redis that the tests started."""
    if redis_.program() is None and not os.environ.get("CI"):
        pytest.skip("Redis is not installed; on Debian: apt-get install redis-server")
    server = redis_.RedisServer()
    yield server
    server.remove()


@pytest.fixture
def redis(redis_of_all: redis_.RedisServer) -> redis_.RedisServer:
    """A Redis that holds nothing; it may be stopped and started by the test."""
    redis_of_all.client.flushall()
    return redis_of_all


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    """A way to the PostgreSQL that can be disturbed."""
    made = Proxy(postgres)
    yield made
    made.close()


class Checkout:
    """A real git checkout that a test edits."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.root = os.path.realpath(folder)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        """Run git here and return what it printed."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        command = ["git", "-C", self.root, *identity, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file, making its folders."""
        file = Path(self.root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, path: str) -> str:
        """Return the text of a file."""
        return Path(self.root, path).read_text()

    def files(self) -> list[str]:
        """Return the paths of all files that git does not ignore."""
        listed = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return [path for path in listed.split("\0") if path]

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with a few source files, committed."""
    made = Checkout(tmp_path / "project")
    made.write(
        "src/session.py", "class SessionStore:\n    def refresh(self, token):\n        pass\n"
    )
    made.write("src/cache.py", "def evict(entry, limit=10):\n    return entry\n")
    made.write("web/login.ts", "export function openLogin(form: Form): void {}\n")
    made.write("README.md", "# Project\nSessions and caches.\n")
    made.write("tests/test_session.py", "def test_refresh():\n    assert True\n")
    made.commit("start")
    return made


def canonical_rows(home: str, root: str) -> dict[str, list[Any]]:
    """Return the memory of *root* as rows that do not depend on how it came about.

    File numbers are replaced by paths; generation, instants and stat signatures are left out.
    """
    connection = sqlite3.connect(f"file:{paths.memory_file(home, root)}?mode=ro", uri=True)
    by_number = dict(connection.execute("SELECT id, path FROM file"))

    by_commit = dict(connection.execute("SELECT id, name FROM history"))

    def named(field: int, document: int) -> tuple[str, int]:
        if field == layout.COMMIT:
            return by_commit[document], 0
        if layout.kind_of(field) != layout.CHUNK:
            return by_number[document], 0
        chunk = document & (1 << layout.CHUNK_BITS) - 1
        return by_number[document >> layout.CHUNK_BITS], chunk

    postings = []
    for term, field, df, head, tail in connection.execute(
        "SELECT term, field, df, head, tail"
        " FROM posting LEFT JOIN tail USING (term, field) ORDER BY term, field"
    ):
        is_shared = field == layout.SHORT_LISTS
        lists = layout.unpack_short(head) if is_shared else [(field, df, head)]
        for of, length, packed in lists:
            entries = [
                (*named(of, document), impact)
                for part in (packed, zlib.decompress(tail) if tail else b"")
                for document, impact in zip(*layout.unpack(part), strict=True)
            ]
            postings.append((term, is_shared, of, length, entries))
    rows = {
        "posting": postings,
        "meta": connection.execute(
            "SELECT root, stage, git_head, recipe, full_seq FROM meta"
        ).fetchall(),
        "field": connection.execute("SELECT * FROM field ORDER BY field").fetchall(),
        "file": connection.execute(
            "SELECT path, name, content, size, language, skipped, role, lines, heat, module"
            " FROM file ORDER BY 1"
        ).fetchall(),
        "definition": sorted(
            (by_number[file], *rest)
            for file, *rest in connection.execute("SELECT * FROM definition")
        ),
        "history": connection.execute("SELECT name, at, paths FROM history ORDER BY 1").fetchall(),
        "layer": connection.execute("SELECT * FROM layer ORDER BY 1").fetchall(),
        "part": sorted(
            (layer, by_number[file], text)
            for layer, file, text in connection.execute("SELECT * FROM part")
        ),
        "want": sorted(
            (by_number[file], *rest) for file, *rest in connection.execute("SELECT * FROM want")
        ),
        "edge": sorted(
            (by_number[source], kind, by_number[target])
            for source, kind, target in connection.execute("SELECT * FROM edge")
        ),
        "tally": connection.execute("SELECT files, bytes, edges FROM tally").fetchall(),
        "debt": connection.execute("SELECT path FROM debt ORDER BY 1").fetchall(),
    }
    connection.close()
    return rows


@pytest.fixture
def rows_of(home: str) -> Callable[[str], dict[str, list[Any]]]:
    """Return the canonical rows of the memory of a root."""
    return lambda root: canonical_rows(home, root)


@pytest.fixture
def rows_from_nothing(tmp_path: Path) -> Callable[[str], dict[str, list[Any]]]:
    """Return the canonical rows of a memory built from nothing, in a home of its own."""
    from rtkq import store
    from rtkq_workers.rebuild import rebuild

    def build(root: str) -> dict[str, list[Any]]:
        other = os.path.realpath(tmp_path / f"home-{len(list(tmp_path.iterdir()))}")
        store.register(other, root)
        rebuild(other, root)
        return canonical_rows(other, root)

    return build
