"""A team: how fast server workers build many remotes, and how long those who ask them wait.

Each number of workers begins with an empty database and an empty home, so it clones, extracts,
builds and publishes everything. Then users without a memory ask a daemon for contexts from the
team's, and others one that has memories of its own, in turns.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from rtkq import paths, receipts
from tests.benchmarks import measure, repository
from tests.benchmarks.closed_loop import Clients, Load, request
from tests.postgres import Server
from tests.redis import RedisServer

_SPAWN = Path(__file__).parents[1] / "fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
_WORKERS = (1, 2, 4)
#: Of the folders of one remote the last is the first of the next: some files are everywhere.
_FOLDERS = 5
_USERS = 1_000
_AT_ONCE = 4
_TURN = 40
_POLL_S = 0.1

_HEAD = ("workers", "s", "remotes/s", "published", "tries that failed", "facts", "contents",
         "database MB", "facts MB")  # fmt: skip
_STANDING = """SELECT count(*) FILTER (WHERE head <> ''), coalesce(sum(generation), 0),
    coalesce(sum(attempts), 0) FROM central_project"""
_FACTS = "SELECT count(*) FROM fact"
_SIZES = """SELECT pg_database_size(current_database()), pg_total_relation_size('fact')"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="team", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 remotes instead of 50")
    parser.add_argument("--remotes", type=int, help="how many (50)")
    options = parser.parse_args(arguments)
    count = options.remotes or (10 if options.quick else 50)
    place = measure.workspace() / "team"
    shutil.rmtree(place, ignore_errors=True)
    remotes = [_remote(place / f"remote-{number}", number) for number in range(count)]
    with ExitStack() as stack:
        postgres, redis = Server(), RedisServer()
        stack.callback(postgres.remove)
        stack.callback(redis.remove)
        urls = {}
        rows = []
        for workers in _WORKERS:
            urls = {"RTKQ_DATABASE_URL": postgres.database(), "RTKQ_QUEUE_URL": redis.url}
            rows.append(_built(place / f"home-{workers}", remotes, workers, urls))
        head = ("workers", "s", "remotes/s", "published", "tries that failed", "facts", "contents",
                "database MB", "facts MB")  # fmt: skip
        measure.table(
            f"{count} remotes of {_FOLDERS * repository.FILES_A_FOLDER} files", head, rows
        )
        _ask(place, remotes, urls)


def _remote(root: Path, number: int) -> Path:
    """Return a repository of its own, some of whose files others have as well."""
    rare = repository.rare_words(_FOLDERS * repository.FILES_A_FOLDER)
    first = number * (_FOLDERS - 1)
    for folder in range(first, first + _FOLDERS):
        for path, text in repository.files_of(folder, repository.FILES_A_FOLDER, rare):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "start"]):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
        subprocess.run(["git", "-C", str(root), *identity, *words], check=True)
    return root


def _built(
    home: Path, remotes: Sequence[Path], workers: int, urls: dict[str, str]
) -> tuple[object, ...]:
    """Return what building all *remotes* took so many *workers*, and what it left behind."""
    environment = measure.environment(home) | urls | {"RTKQ_CENTRAL_PROTOCOLS": "file"}
    rtkq = [sys.executable, "-m", "rtkq.cli"]
    for remote in remotes:
        subprocess.run(
            [*rtkq, "central", "add", str(remote)], env=environment, check=True, capture_output=True
        )
    command = [*rtkq, "worker", "--server", "-q", "--workers", str(workers)]
    with (
        psycopg.connect(urls["RTKQ_DATABASE_URL"], autocommit=True) as connection,
        subprocess.Popen(command, env=environment) as pool,
    ):
        began = time.perf_counter()
        while _row(connection, _STANDING)[0] < len(remotes):
            time.sleep(_POLL_S)
        elapsed_s = time.perf_counter() - began
        pool.terminate()
        pool.wait()
        _, published, failed = _row(connection, _STANDING)
        (facts,) = _row(connection, _FACTS)
        database, fact_bytes = (size / 1e6 for size in _row(connection, _SIZES))
    rate = len(remotes) / elapsed_s
    contents = _contents(remotes)
    return workers, elapsed_s, rate, published, failed, facts, contents, database, fact_bytes


def _row(connection: psycopg.Connection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(map(int, row))


def _contents(remotes: Sequence[Path]) -> int:
    """Return how many different files there are in all *remotes*."""
    listed = (
        subprocess.check_output(["git", "-C", str(remote), "ls-tree", "-r", "HEAD"], text=True)
        for remote in remotes
    )
    return len({line.split()[2] for told in listed for line in told.splitlines()})


# -- asking --------------------------------------------------------------------------------


def _ask(place: Path, remotes: Sequence[Path], urls: dict[str, str]) -> None:
    """Let users ask a daemon without memories, one with them, and the hook as a process."""
    checkouts = [_cloned(remote, place / "users" / remote.name) for remote in remotes]
    bare, own = place / "home-bare", place / "home-own"
    for checkout in checkouts:
        environment = measure.environment(own) | urls
        subprocess.run(
            [sys.executable, "-m", "rtkq.cli", "refresh", "-q", str(checkout)],
            env=environment, check=True,
        )  # fmt: skip
    documents = _documents(checkouts)
    loads = {"the team's, over HTTP": Load(), "its own, over HTTP": Load()}
    with _serving(bare, urls) as team, _serving(own, {}) as local:
        clients = [Clients(place, _AT_ONCE) for place in (team, local)]
        for one in clients:  # each remote once, to warm up
            one.play(list(itertools.islice(documents, len(checkouts))))
        for _ in range(_USERS // _TURN):
            bodies = list(itertools.islice(documents, _TURN))
            for one, load in zip(clients, loads.values(), strict=True):
                load.add(one.play(bodies))
    rows = [_latency(name, load.latencies_ms) for name, load in loads.items()]
    rows.append(_latency("its own, by a process", _processes(own, checkouts)))
    head = ("memory", "calls", "p50 ms", "p95 ms", "p99 ms")
    measure.table(f"{_USERS} users of {len(remotes)} remotes, {_AT_ONCE} at once", head, rows)
    for name, home in (("the team's", bare), ("its own", own)):
        print(f"{name}: {dict(_outcomes(home))}")


def _cloned(remote: Path, root: Path) -> Path:
    subprocess.run(["git", "clone", "-q", str(remote), str(root)], check=True)
    return root


def _documents(checkouts: Sequence[Path]) -> Iterator[bytes]:
    """Yield the calls of one user after the other, no two alike."""
    spawn = json.loads(_SPAWN.read_text())
    stems = {one: [file.stem for file in one.glob("[!.]*/*/*/*")] for one in checkouts}
    for number, checkout in enumerate(itertools.cycle(checkouts)):
        words = stems[checkout][number % len(stems[checkout])].replace("_", " ")
        prompt = f"Fix the {words}.\n\nThis is case {number}."
        tool = spawn["tool_input"] | {"prompt": prompt, "subagent_type": "general-purpose"}
        user = {"cwd": str(checkout), "session_id": f"user-{number}", "prompt_id": f"p{number}"}
        body = json.dumps(spawn | user | {"tool_input": tool})
        yield request("/v1/hook/claude-code", body.encode())


@contextmanager
def _serving(home: Path, urls: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Run a daemon during the block; yields where it listens."""
    command = [sys.executable, "-m", "rtkq.cli", "serve", "--port", "0"]
    environment = measure.environment(home) | urls
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process, process.stderr as told:
        found = re.search(r":(\d+)/", told.readline())
        if found is None:
            raise RuntimeError(f"the daemon did not start: {told.read()}")
        yield "127.0.0.1", int(found[1])
        process.terminate()


def _processes(home: Path, checkouts: Sequence[Path]) -> list[float]:
    """Return what the installed hook takes, as an agent starts it."""
    stub = f"{paths.hook_folder(str(home))}/rtkq-hook"
    file = home / "spawn.json"
    taken = []
    for message in itertools.islice(_documents(checkouts), 4 * len(checkouts)):
        file.write_bytes(message.partition(b"\r\n\r\n")[2])
        sample = measure.process([stub, "claude-code"], stdin=str(file), environment=os.environ)
        taken.append(sample.wall_ms)
    return taken


def _latency(name: str, latencies_ms: Sequence[float]) -> tuple[object, ...]:
    quantiles = (measure.quantile(latencies_ms, part) for part in (0.5, 0.95, 0.99))
    return name, len(latencies_ms), *quantiles


def _outcomes(home: Path) -> Counter[str]:
    """Return how often which outcome stands in the receipts of *home*."""
    files = Path(paths.receipts_folder(str(home))).glob("*.log")
    return Counter(one["outcome"] for file in files for one in receipts.read(str(file))[0])
