"""A home and projects with real files, and a watcher whose heart the test beats."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from rtkq import paths, store
from rtkq.build.recipe import RECIPE
from rtkq.config import Settings, WatchSettings
from rtkq_workers.checkout import scan
from rtkq_workers.watch.watcher import Watcher

DEADLINE_S = 20.0


class Checkout:
    """A project under a home; what its memory believes and owes is read past Peewee."""

    def __init__(self, home: str, root: Path) -> None:
        self.home = home
        self.root = root

    def write(self, path: str, text: str = "") -> None:
        """Write a file, with the folders it needs."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text or f"# {path}\n")

    def git(self, *arguments: str) -> str:
        """Run git in the checkout."""
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        return subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-qm", "work")

    def register(self) -> None:
        """Register the project, with a memory that agrees with the disk."""
        store.register(self.home, str(self.root))
        self.believe()

    def believe(self) -> None:
        """Let the memory agree with the disk and owe nothing, as after a rebuild."""
        seen = scan.survey(str(self.root))
        with closing(self._memory()) as memory, memory:
            memory.execute("DELETE FROM debt")
            memory.execute("DELETE FROM file")
            for path, stamp in seen.items():
                _insert(memory, "file", {"path": path, "is_verified": 1} | asdict(stamp))
            memory.execute(
                "UPDATE meta SET stage = 'complete', git_head = ?, recipe = ?",
                (self._head(), RECIPE),
            )

    def owed(self) -> set[str]:
        """Return the paths that are owed."""
        with closing(self._memory()) as memory:
            return {path for (path,) in memory.execute("SELECT path FROM debt")}

    def marks(self) -> int:
        """Return how often anything was marked."""
        with closing(self._memory()) as memory:
            return int(memory.execute("SELECT debt_seq FROM meta").fetchone()[0])

    def lock(self) -> sqlite3.Connection:
        """Hold the memory's write lock until the connection is closed."""
        memory = self._memory()
        memory.isolation_level = None
        memory.execute("BEGIN IMMEDIATE")
        return memory

    def _head(self) -> str:
        return self.git("rev-parse", "HEAD").strip() if (self.root / ".git").exists() else ""

    def _memory(self) -> sqlite3.Connection:
        return sqlite3.connect(paths.memory_file(self.home, str(self.root)), timeout=10)


def _insert(memory: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    """Insert a *row*; what the watcher does not look at is left as empty as the table allows."""
    empty = {"INTEGER": 0, "REAL": 0.0, "TEXT": "", "BLOB": b""}
    columns = memory.execute(f"SELECT name, type FROM pragma_table_info('{table}')").fetchall()
    whole = {name: row.get(name, empty[kind]) for name, kind in columns if name != "id"}
    places = ", ".join("?" * len(whole))
    memory.execute(
        f"INSERT INTO {table} ({', '.join(whole)}) VALUES ({places})", list(whole.values())
    )


class Beaten:
    """A watcher in this process, ticked while the test waits for something."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.watcher = Watcher(settings)

    def until(self, condition: Callable[[], object]) -> None:
        """Tick until *condition* holds; fail at the deadline."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            self.watcher.tick()
            time.sleep(0.01)

    def settle(self) -> None:
        """Wait until every project was compared and nothing is pending."""
        self.until(self.is_settled)

    def is_settled(self) -> bool:
        """Return whether every project on the board agrees with what was noted of it."""
        return all(
            (one.is_in_sync or one.limit) and one.debounce.is_empty and not one.is_busy
            for one in self.watcher._board.all()
        )

    def directories(self, checkout: Checkout) -> set[str]:
        """Return the folders that are watched in *checkout*."""
        watched = self.watcher._board.find(str(checkout.root))
        assert watched is not None
        return set(getattr(watched.tree, "_watch_of", {}))


@pytest.fixture
def home(tmp_path: Path) -> str:
    """A fresh home."""
    return str(tmp_path / "home")


@pytest.fixture
def settings(home: str) -> Settings:
    """Settings with a short quiet time."""
    return Settings(home=home, watch=WatchSettings(quiet_ms=30, max_wait_ms=300))


@pytest.fixture
def folder(home: str, tmp_path: Path) -> Checkout:
    """An empty project without git."""
    root = (tmp_path / "folder").resolve()
    root.mkdir()
    return Checkout(home, root)


@pytest.fixture
def checkout(home: str, tmp_path: Path) -> Checkout:
    """A git checkout with two files and an ignored folder, registered and in agreement."""
    root = (tmp_path / "checkout").resolve()
    root.mkdir()
    made = Checkout(home, root)
    made.git("init", "-qb", "main")
    made.write("a.py")
    made.write("pkg/b.py")
    made.write("build/out.py")
    made.write("node_modules/lib/index.js")
    made.write(".gitignore", "build/\n*.log\n")
    made.commit()
    made.register()
    return made


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[[], Beaten]]:
    """Start a watcher and wait until it has compared everything; stopped after the test."""
    running: list[Beaten] = []

    def started() -> Beaten:
        beaten = Beaten(settings)
        running.append(beaten)
        beaten.watcher.start()
        beaten.settle()
        return beaten

    yield started
    for beaten in running:
        beaten.watcher.stop()
