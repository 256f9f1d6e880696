"""Each ill made real is found, and healed where a repair is promised."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rtkq import agents, config, doctor, paths, store
from rtkq.doctor.verdicts import Check, Result, Verdict
from rtkq_workers.processes import heartbeat
from rtkq_workers.rebuild import rebuild

_PATIENCE_S = 20.0
CHECKS = {check.name: check for checks in doctor.GROUPS.values() for check in checks}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user of Claude Code, without the program on PATH."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "user/.claude"))
    monkeypatch.setenv("RTKQ_HOOK_DEADLINE_MS", "20000")  # a busy machine is no reason to fail
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "user/.claude").mkdir(parents=True)
    return tmp_path / "user"


@pytest.fixture
def patient(home: str, user: Path, checkout: Any) -> Iterator[doctor.Patient]:
    """A user with everything in place, but nothing running."""
    mask = os.umask(0o077)  # as the command line sets it
    store.register(home, checkout.root)
    rebuild(home, checkout.root)
    agents.install("claude-code", "user", checkout.root)
    yield doctor.Patient(checkout.root, config.load())
    os.umask(mask)


def look(name: str, patient: doctor.Patient) -> list[Verdict]:
    """Return what one check says."""
    return list(CHECKS[name].look(patient))


def ills(name: str, patient: doctor.Patient) -> list[Verdict]:
    """Return what one check says is not as it should be; each has a hint."""
    found = [one for one in look(name, patient) if one.result != Result.OK]
    assert all(one.hint for one in found)
    return found


def heal(name: str, patient: doctor.Patient) -> str:
    """Assert that a check finds something, repair it, and assert that all is well."""
    check: Check = CHECKS[name]
    assert ills(name, patient)
    assert check.mend is not None
    done = check.mend(patient)
    assert not ills(name, patient)
    return done


def test_nothing_is_found_where_all_is_well(patient: doctor.Patient) -> None:
    """But that nothing runs, and what this machine may lack."""
    depending = {"watcher", "workers", "path", "disk", "inotify"}

    assert {name: ills(name, patient) for name in CHECKS.keys() - depending} == {
        name: [] for name in CHECKS.keys() - depending
    }


def test_looking_changes_nothing(patient: doctor.Patient) -> None:
    """No receipt, no marker, no file left behind, nothing written to a memory."""

    def files() -> dict[str, bytes]:
        found = [one for one in Path(patient.home).rglob("*") if one.is_file()]
        kept = [one for one in found if one.suffix not in (".db-wal", ".db-shm", ".bell")]
        return {
            str(one): one.read_bytes() for one in kept if not one.name.endswith(("-wal", "-shm"))
        }

    before = files()
    list(doctor.examine(patient))

    assert files() == before


# -- hooks -------------------------------------------------------------------------------


def test_missing_hooks_are_the_users_wish(patient: doctor.Patient) -> None:
    """Nobody asked for an installation: it is told, not made."""
    agents.uninstall("claude-code", "user", patient.root)

    (told,) = ills("hooks", patient)

    assert told.result == Result.FAIL
    assert "rtkq init" in told.hint


def test_hooks_that_are_partial_are_completed(patient: doctor.Patient, user: Path) -> None:
    """Somebody removed an event by hand; what else stands there stays."""
    file = user / ".claude/settings.json"
    document = json.loads(file.read_text()) | {"model": "opus"}
    del document["hooks"]["SubagentStart"]
    file.write_text(json.dumps(document))

    heal("hooks", patient)

    assert json.loads(file.read_text())["model"] == "opus"


def test_settings_that_are_no_json_are_found(patient: doctor.Patient, user: Path) -> None:
    """By the check of our hooks and by that of the client's settings; nobody overwrites them."""
    file = user / ".claude/settings.json"
    file.write_text('{"hooks": {}, // mine\n}')

    assert "cannot be read" in ills("hooks", patient)[0].detail
    assert "ignores all of" in ills("client-settings", patient)[0].detail


def test_bad_sibling_that_kills_the_file_is_named(patient: doctor.Patient, user: Path) -> None:
    """Our own entries are complete, and none of them runs."""
    file = user / ".claude/settings.json"
    document = json.loads(file.read_text())
    document["hooks"]["Stop"] = [{"hooks": [{"type": "command", "command": "x", "timeout": "5"}]}]
    file.write_text(json.dumps(document))

    (told,) = ills("client-settings", patient)

    assert 'hooks.Stop[0].hooks[0].timeout is "5"' in told.detail
    assert not ills("hooks", patient)


@pytest.mark.parametrize("scope", ["user", "project", "local"])
def test_switched_off_hooks_are_found_in_every_scope(
    patient: doctor.Patient, user: Path, scope: str
) -> None:
    """Wherever the line stands."""
    files = {
        "user": user / ".claude/settings.json",
        "project": Path(patient.root, ".claude/settings.json"),
        "local": Path(patient.root, ".claude/settings.local.json"),
    }
    files[scope].parent.mkdir(exist_ok=True)
    files[scope].write_text('{"disableAllHooks": true}')

    (told,) = ills("hooks-allowed", patient)

    assert str(files[scope]) in told.detail


def test_nearer_file_may_switch_hooks_on_again(patient: doctor.Patient, user: Path) -> None:
    """The project rules over the user."""
    (user / ".claude/settings.json").write_text('{"disableAllHooks": true}')
    Path(patient.root, ".claude").mkdir()
    Path(patient.root, ".claude/settings.json").write_text('{"disableAllHooks": false}')

    assert ills("hooks-allowed", patient) == []


def test_rival_and_leftover_are_found(patient: doctor.Patient, user: Path) -> None:
    """The hooks of the tool that rtkq replaces are both."""
    script = user / ".claude/hooks/rtk-mem-context.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    entry = {"matcher": "Task", "hooks": [{"type": "command", "command": str(script)}]}
    Path(patient.root, ".claude").mkdir()
    file = Path(patient.root, ".claude/settings.json")
    file.write_text(json.dumps({"hooks": {"PreToolUse": [entry]}}))

    (rival,) = ills("rival-hooks", patient)
    (leftover,) = ills("old-tool", patient)

    assert str(script) in rival.detail
    assert str(script) in leftover.detail
    assert str(file) in leftover.detail


def test_old_client_is_refused(
    patient: doctor.Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers for itself."""
    program = tmp_path / "bin/claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho '2.1.62 (Claude Code)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    (told,) = ills("client-version", patient)

    assert "2.1.62" in told.detail


@pytest.mark.parametrize("harm", ["gone", "torn", "not executable", "other settings"])
def test_staged_hook_is_put_in_place_again(patient: doctor.Patient, harm: str) -> None:
    """Whatever became of it."""
    folder = Path(paths.hook_folder(patient.home))
    (start,) = folder.glob("*/start.pyc")
    if harm == "gone":
        shutil.rmtree(folder)
    elif harm == "torn":
        start.write_bytes(start.read_bytes()[:1000])
    elif harm == "not executable":
        (folder / "rtkq-hook").chmod(0o600)
    else:
        (folder / "settings").write_text("home\t/elsewhere\n")

    heal("bundle", patient)

    assert not ills("hook-runs", patient)


def test_hook_that_does_not_answer_is_noticed(patient: doctor.Patient) -> None:
    """Its exit code is 0 and it says nothing, so only an expected answer tells."""
    command = Path(paths.hook_folder(patient.home), "rtkq-hook")
    command.write_text("#!/bin/sh\nexit 0\n")

    heal("hook-runs", patient)


def test_hook_with_nothing_to_say_is_well(patient: doctor.Patient) -> None:
    """A memory may hold nothing about the doctor's task; that the hook ran is what counts."""
    os.unlink(Path(patient.root, "README.md"))
    for path in ("src", "web", "tests"):
        shutil.rmtree(Path(patient.root, path))
    Path(patient.root, "other.py").write_text("def unlike(): ...\n")
    assert CHECKS["memory"].mend is not None
    CHECKS["memory"].mend(patient)

    assert ills("hook-runs", patient) == []


def test_dropped_receipts_are_told(patient: doctor.Patient) -> None:
    """Their number is the size of a file."""
    folder = Path(paths.receipts_folder(patient.home))
    folder.mkdir()
    (folder / "dropped").write_bytes(b"...")
    (folder / "20261123T1000.log").write_bytes(b"99\ttorn\n")

    sayings = [one.detail for one in ills("receipts", patient)]

    assert sayings[0].startswith("3 receipts were dropped")
    assert sayings[1].startswith("1 receipts are torn")


# -- processes ---------------------------------------------------------------------------


@pytest.fixture
def up(patient: doctor.Patient) -> Iterator[subprocess.Popen[bytes]]:
    """Watcher and workers at work."""
    words = [sys.executable, "-m", "rtkq.cli", "up", "--quiet"]
    with subprocess.Popen(words, start_new_session=True) as process:
        kinds = ("watch", "worker")
        wait(lambda: all(heartbeat.is_alive(patient.home, kind) for kind in kinds))
        yield process
        process.terminate()


def wait(condition: Any) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_tree_is_noticed(patient: doctor.Patient, up: subprocess.Popen[bytes]) -> None:
    """While it runs there is nothing to say."""
    kinds = ("watcher", "workers", "one-watcher")
    assert {kind: ills(kind, patient) for kind in kinds} == {kind: [] for kind in kinds}

    up.kill()
    wait(lambda: all(ills(kind, patient) for kind in ("watcher", "workers")))

    assert ills("watcher", patient)[0].result == Result.FAIL
    assert ills("workers", patient)[0].result == Result.FAIL


def test_frozen_worker_is_told_from_a_dead_one(patient: doctor.Patient) -> None:
    """Its process is there, but does not beat."""
    file = Path(paths.heartbeat_file(patient.home, "worker"))
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"pid": os.getpid(), "beat_at": time.time() - 60}))

    (told,) = ills("workers", patient)

    assert f"process {os.getpid()} is there" in told.detail


def test_second_watcher_is_noticed(patient: doctor.Patient) -> None:
    """The lock forbids it, unless somebody deletes the lock."""
    lock = Path(paths.lock_file(patient.home, "watch"))
    heartbeat.write(patient.home, "watch")
    lock.write_text(f"{os.getppid()}\n")

    (told,) = ills("one-watcher", patient)

    assert str(os.getpid()) in told.detail
    assert str(os.getppid()) in told.detail


def test_daemon_that_is_down_is_told_where_an_agent_asks_it(
    patient: doctor.Patient, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it every spawn goes without context; who starts the hook needs no daemon."""
    assert look("server", patient) == []
    ask_by_http(user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("RTKQ_SERVE_PORT", str(port))

    (told,) = ills("server", doctor.Patient(patient.root, config.load()))

    assert told.result == Result.FAIL
    assert str(port) in told.detail


def ask_by_http(user: Path) -> None:
    """Let the client ask the daemon instead of starting the hook."""
    file = user / ".claude/settings.json"
    document = json.loads(file.read_text())
    asking = {"type": "http", "url": "http://127.0.0.1:7700/v1/hook/claude-code", "timeout": 2}
    document["hooks"]["PreToolUse"][0]["hooks"] = [asking]
    file.write_text(json.dumps(document))


class _Stranger(BaseHTTPRequestHandler):
    """Another program's server, which answers everything with a page."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<!doctype html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "saying"), [(200, "another program"), (404, "404"), (503, "503")]
)
def test_stranger_in_the_place_of_the_daemon_is_told(
    patient: doctor.Patient,
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    saying: str,
) -> None:
    """It answers, but no spawn gets a context by that."""
    ask_by_http(user)
    monkeypatch.setattr(_Stranger, "status", status)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as server:
        monkeypatch.setenv("RTKQ_SERVE_PORT", str(server.server_port))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (told,) = ills("server", doctor.Patient(patient.root, config.load()))
        server.shutdown()

    assert told.result == Result.FAIL
    assert saying in told.detail


def test_polled_project_is_told(patient: doctor.Patient) -> None:
    """What the kernel cannot watch is never silently missed."""
    limits = {"limits": ["fs.inotify.max_user_watches"], "polled": [patient.root]}
    heartbeat.write(patient.home, "watch", **limits)

    (told,) = ills("watcher", patient)

    assert "fs.inotify.max_user_watches" in told.detail


def test_heartbeat_of_the_future_is_a_clock_that_was_set_back(patient: doctor.Patient) -> None:
    """By how much is told as well."""
    file = Path(paths.heartbeat_file(patient.home, "watch"))
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"pid": os.getpid(), "beat_at": time.time() + 3600}))

    (told,) = ills("clock", patient)

    assert "heartbeat of the watcher (35" in told.detail


# -- what is stored ----------------------------------------------------------------------


def spoil(file: str) -> None:
    """Overwrite the middle of a database, as a broken disk would."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = os.path.getsize(file)
    with open(file, "r+b") as stream:
        stream.seek(min(4096, size // 4))
        stream.write(b"\xa5" * (size - min(4096, size // 4)))


def test_damaged_memory_is_built_anew(patient: doctor.Patient, rows_of: Any) -> None:
    """And holds what it held."""
    before = rows_of(patient.root)
    spoil(paths.memory_file(patient.home, patient.root))

    heal("memory", patient)

    assert rows_of(patient.root) == before


def test_memory_that_is_not_there_is_built(patient: doctor.Patient) -> None:
    """A warning, for nobody may ever need it."""
    store.forget(patient.home, patient.root)
    assert ills("memory", patient)[0].result == Result.WARN

    heal("memory", patient)


def test_stale_memory_is_refreshed(patient: doctor.Patient) -> None:
    """Nobody has compared it with the disk for long."""
    os.utime(paths.verified_file(patient.home, patient.root), (0, 0))

    assert "stale" in ills("memory", patient)[0].detail

    heal("memory", patient)


def test_damaged_registry_is_made_from_the_memories(patient: doctor.Patient) -> None:
    """Nothing but the times of use is lost, and every project is looked at."""
    spoil(paths.registry_file(patient.home))

    heal("registry", patient)

    with store.Registry(patient.home) as registry:
        (project,) = registry.projects()
    assert project.root == patient.root
    assert project.is_owing


def test_damaged_facts_are_thrown_away(patient: doctor.Patient) -> None:
    """They are extracted again; the sound ones stay."""
    files = sorted(Path(paths.facts_folder(patient.home)).glob("*.db"))
    spoil(str(files[0]))

    heal("facts", patient)

    assert not files[0].exists()
    assert all(file.exists() for file in files[1:])


def test_damaged_queue_is_removed(patient: doctor.Patient) -> None:
    """It only holds nudges."""
    Path(paths.queue_file(patient.home)).write_bytes(b"no database at all" * 400)

    heal("queue", patient)


def test_failed_rebuild_is_told_with_its_reason(patient: doctor.Patient) -> None:
    """And for how often it was tried."""
    with store.Registry(patient.home) as registry:
        registry.fail(patient.root, attempts=3, retry_at=0.0, error="the disk is full")

    (told,) = ills("rebuilds", patient)

    assert "failed 3 times: the disk is full" in told.detail


def test_project_that_is_gone_is_told(patient: doctor.Patient) -> None:
    """A disk that is not mounted looks the same, so nothing is forgotten by itself."""
    shutil.rmtree(patient.root)

    (told,) = ills("roots", patient)

    assert patient.root in told.detail


# -- the machine -------------------------------------------------------------------------


def test_files_open_to_others_are_closed(patient: doctor.Patient) -> None:
    """The command of the hook stays executable for its user."""
    command = Path(paths.hook_folder(patient.home), "rtkq-hook")
    command.chmod(0o755)
    Path(patient.home).chmod(0o777)

    heal("permissions", patient)

    assert command.stat().st_mode & 0o777 == 0o700
    assert Path(patient.home).stat().st_mode & 0o777 == 0o700


def test_wrong_configuration_is_a_finding(patient: doctor.Patient) -> None:
    """Every other command stops at it; this one names it among the rest."""
    Path(os.environ["RTKQ_CONFIG"]).write_text("[watch]\nquiet = 1\n")

    (told,) = ills("configuration", patient)

    assert "quiet" in told.detail


@pytest.mark.parametrize(
    "text",
    [
        '[serve]\ntoken = "hunter2canary"\n',
        '[database]\nurl = "postgresql://me:hunter2canary@host/facts"\n',
    ],
)
def test_secret_that_others_may_read_is_told(patient: doctor.Patient, text: str) -> None:
    """Editors make files that all users of a machine may read."""
    file = Path(os.environ["RTKQ_CONFIG"])
    file.write_text(text)
    file.chmod(0o644)

    (told,) = ills("configuration", patient)
    file.chmod(0o600)

    assert told.result == Result.WARN
    assert "hunter2canary" not in told.detail + told.hint
    assert ills("configuration", patient) == []


def test_configuration_without_a_secret_may_be_read(patient: doctor.Patient) -> None:
    """There is nothing to hide in how long a burst is held."""
    file = Path(os.environ["RTKQ_CONFIG"])
    file.write_text("[watch]\nquiet_ms = 200\n")
    file.chmod(0o644)

    assert ills("configuration", patient) == []


def test_git_that_is_missing_is_found(
    patient: doctor.Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be built without it."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    (told,) = ills("git", patient)

    assert "not on PATH" in told.detail


def test_other_rtkq_on_path_is_told(
    patient: doctor.Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two installations fight over units and hooks."""
    program = tmp_path / "bin/rtkq"
    program.parent.mkdir()
    interpreter = tmp_path / "bin/python"
    interpreter.symlink_to(os.path.realpath(sys.executable))
    program.write_text(f"#!{interpreter}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    (told,) = ills("path", patient)

    assert str(program) in told.detail


def test_settings_of_a_repository_are_looked_at(patient: doctor.Patient) -> None:
    """They come with the project, so they may be anything."""
    Path(patient.root, "rtkq.toml").write_text("[watch\n")

    (told,) = ills("repository-settings", patient)

    assert told.result == Result.FAIL


def test_what_a_repository_asks_for_is_told(patient: doctor.Patient) -> None:
    """Whoever cloned it may not have read the file."""
    Path(patient.root, "rtkq.toml").write_text(
        '[ignore]\npaths = ["web/"]\n'
        '[extract.languages]\ninc = "php"\n'
        "[hook]\nbudget_tokens = 900\n"
    )

    (told,) = look("repository-settings", patient)

    assert told.detail == (
        "leaves out 1 patterns, reads .inc as php, gives subagents at most 900 tokens"
    )
