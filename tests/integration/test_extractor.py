"""A file may cost the process that extracts it, and never the worker."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rtkq import store
from rtkq.config import Settings
from rtkq.extract import extract
from rtkq.extract.facts import Facts, decode
from rtkq.store import memories
from rtkq_workers import barrier, report
from rtkq_workers.rebuild import extractor
from tests.conftest import Checkout

LIMITED = pytest.mark.skipif(sys.platform != "linux", reason="no such limit there")


@pytest.fixture(autouse=True)
def no_child() -> Iterator[None]:
    """Each test forks its own child, with what the test has changed."""
    extractor._end_child()
    yield
    extractor._end_child()


def hang() -> None:
    while True:
        pass


def devour() -> None:
    kept = []
    while True:
        kept.append(bytearray(1 << 24))


def allocate_like_a_parser() -> None:
    """Meet the limit where no exception can be raised, as C code does."""
    try:
        devour()
    except MemoryError:
        os.abort()


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def replace_extract(monkeypatch: pytest.MonkeyPatch, fate: Callable[[], None]) -> None:
    """Let the contents with the word "deadly" meet *fate*."""

    def deadly(data: bytes, language: str) -> Facts:
        if b"deadly" in data:
            fate()
        return extract(data, language)

    monkeypatch.setattr(extractor, "extract", deadly)


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        (hang, "timeout"),
        pytest.param(allocate_like_a_parser, "memory", marks=LIMITED),
        (be_killed, "failed"),
    ],
)
def test_deadly_file_is_skipped_with_the_reason_until_it_changes(
    fate: Callable[[], None],
    reason: str,
    home: str,
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All other files are there, it is tried once, and a mended one is extracted."""
    monkeypatch.setattr(extractor, "_MOST_CPU_S", 1)
    replace_extract(monkeypatch, fate)
    checkout.write("src/bomb.py", "def deadly():\n    pass\n")
    store.register(home, checkout.root)

    barrier.refresh(home, checkout.root, is_full=False, progress=lambda _done, _total: None)

    assert skipped(home, checkout.root)["src/bomb.py"] == reason
    assert skipped(home, checkout.root)["src/session.py"] == ""

    told = report.project(Settings(home=home), checkout.root)
    assert told["given_up"] == [f"src/bomb.py: {reason}"]

    monkeypatch.setattr(extractor, "extracted", None)  # nobody asks for it again
    with memories.opened(home, checkout.root) as memory:
        memory.connection.execute("UPDATE meta SET recipe = 'older'")
    barrier.refresh(home, checkout.root, is_full=False, progress=lambda _done, _total: None)
    monkeypatch.undo()

    checkout.write("src/bomb.py", "def harmless():\n    pass\n")
    barrier.sync(home, checkout.root, timeout_s=30)
    assert skipped(home, checkout.root)["src/bomb.py"] == ""


def skipped(home: str, root: str) -> dict[str, str]:
    with memories.opened(home, root) as memory:
        return dict(memory.connection.execute("SELECT path, skipped FROM file"))


@LIMITED
def test_limit_of_memory_does_not_grow_with_what_was_extracted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A child that a file left large is replaced before the next one."""
    held: list[bytearray] = []
    replace_extract(monkeypatch, lambda: held.append(bytearray(b"x" * extractor._LARGE_BYTES)))
    extractor.extracted(b"harmless = 1\n", "python")
    first = extractor._Child.current().pid

    extractor.extracted(b"deadly = 1\n", "python")
    wait_until_gone(first)
    facts = decode(extractor.extracted(b"def later(): ...\n", "python"))

    assert facts.definitions[0].name == "later"
    assert extractor._Child.current().pid != first


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_idle_child_ends_and_another_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammars' memory is given back; nobody notices but by the time of the next file."""
    monkeypatch.setattr(extractor, "_IDLE_S", 0.05)
    extractor.extracted(b"a = 1\n", "python")
    wait_until_gone(extractor._Child.current().pid)

    facts = decode(extractor.extracted(b"def later(): ...\n", "python"))

    assert facts == extract(b"def later(): ...\n", "python")


def test_child_killed_by_anybody_is_forgiven_once() -> None:
    """Its file is given to the next one."""
    extractor.extracted(b"a = 1\n", "python")
    os.kill(extractor._Child.current().pid, signal.SIGKILL)

    facts = decode(extractor.extracted(b"def later(): ...\n", "python"))

    assert facts.skipped == ""


def test_child_holds_nothing_of_its_parent(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a lock nor a database lives on in it, and collecting garbage closes none."""
    listing = tmp_path / "listing"
    listing.touch()

    def list_descriptors() -> None:
        gc.collect()
        names = os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd")
        listing.write_text(" ".join(names))

    replace_extract(monkeypatch, list_descriptors)
    database = sqlite3.connect(tmp_path / "some.db")
    database.execute("CREATE TABLE kept (number)")

    extractor.extracted(b"deadly = 1\n", "python")

    # Standard streams, the socket, and the one that lists.
    assert len(listing.read_text().split()) == 5
    database.execute("INSERT INTO kept VALUES (1)")
    database.close()


def test_any_bytes_go_through() -> None:
    """Nothing, noise, and more than a pipe holds come back as they would without a child."""
    large = b"one line of many\n" * 20_000
    for data in (b"", b"\0\xff\xfe", large, "def ж(): ...\n".encode()):
        assert decode(extractor.extracted(data, "text")) == extract(data, "text")
