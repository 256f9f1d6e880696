"""The staged process never fails, never speaks out of turn and never outstays its deadline."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rtkq import paths
from rtkq.agents import bundle
from rtkq.config import HookSettings
from rtkq_hooks.main import run

RECORDED = Path(__file__).parents[2] / "fixtures"
AGENTS = sorted(folder.name for folder in RECORDED.iterdir())
MUTATIONS = 500
SPINS = """
class Memory: ...
def open_memory(home, root):
    while True: pass
"""
WAITS = SPINS.replace("while True: pass", "import time; time.sleep(60)")
RAISES = SPINS.replace("while True: pass", "raise RuntimeError('SECRET')")
EXITS = SPINS.replace("while True: pass", "raise SystemExit(2)")


def mutated(document: bytes, chance: random.Random) -> bytes:
    """Return *document* with something wrong in it."""
    at, to = sorted(chance.randrange(len(document) + 1) for _ in range(2))
    noise = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 8)))
    piece = chance.choice([b'"', b"\\", b"{", b"}", b"[", b"\0", b"\\ud800", b"\xff", b"9" * 400])
    return chance.choice(
        [
            document[:at],
            document[at:],
            document[:at] + noise + document[at:],
            document[:at] + noise + document[to:],
            document[:at] + piece + document[at:],
            document[:at] + document[to:],
            document[:to] + document[at:],
            document.replace(b'"Agent"', chance.choice([b"5", b"null", b"[]", b'"\\u0041gent"'])),
            document.replace(b'"prompt":', b'"prompt":' + chance.choice([b"[", b"{}", b"1,"])),
            document * 2,
        ]
    )


def mutations(agent: str, root: Path) -> list[bytes]:
    """Return MUTATIONS documents of *agent*, the same ones in every run."""
    chance = random.Random(20261123)
    files = sorted(file for file in (RECORDED / agent).rglob("*.json") if "cwd" in file.read_text())
    whole = [file.read_text().replace("@ROOT@/proj", str(root)).encode() for file in files]
    return [mutated(chance.choice(whole), chance) for _ in range(MUTATIONS)]


def assert_nothing_or_one_document(printed: bytes) -> None:
    """Fail unless *printed* is empty or one JSON object."""
    if printed:
        assert isinstance(json.loads(printed), dict)


@pytest.mark.parametrize("agent", AGENTS)
def test_mutated_documents_give_nothing_or_one_valid_document(staged, agent: str) -> None:
    """Whatever arrives, what is printed is whole."""
    answers = [
        run(agent, document, staged.settings()) for document in mutations(agent, staged.root)
    ]

    for printed in answers:
        assert_nothing_or_one_document(printed)
    assert any(answers)
    assert not all(answers)
    assert "error" not in {line["outcome"] for line in staged.receipts()}


@pytest.mark.parametrize("agent", AGENTS)
def test_mutated_documents_leave_the_process_calm(staged, agent: str) -> None:
    """The same through the real command: exit code 0, stderr silent."""
    for document in mutations(agent, staged.root)[::50]:
        answer = staged.call(document, agent=agent)

        assert (answer.code, answer.errors) == (0, b"")
        assert_nothing_or_one_document(answer.printed)


@pytest.mark.parametrize("agent", AGENTS)
def test_truncated_documents_get_no_answer(staged, agent: str) -> None:
    """A client that was cut off in the middle is not guessed at."""
    file = max((RECORDED / agent).rglob("*.json"), key=lambda file: "prompt" in file.read_text())
    whole = file.read_text().strip().encode()

    assert not any(run(agent, whole[:end], staged.settings()) for end in range(len(whole)))


def test_disabled_hook_prints_nothing(staged) -> None:
    """One variable switches the hook off for a session."""
    answer = staged.call(staged.spawn(), RTKQ_DISABLE="1")

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")
    assert staged.outcome() == "disabled"


@pytest.mark.parametrize("recall", [SPINS, WAITS], ids=["spins", "waits"])
def test_deadline_ends_a_call_that_does_not_come_back(own, recall: str) -> None:
    """Past the deadline nothing is printed and the spawn goes on."""
    own.stage_with(recall, hook=HookSettings(deadline_ms=400))

    answer = own.call(own.spawn())

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")
    (line,) = own.receipts()
    assert line["outcome"] == "deadline"
    assert re.fullmatch(r"open_memory:\d+ cpu \d+ ms", line["detail"])
    assert line["root"] == str(own.root)


def test_deadline_covers_a_client_that_never_ends_its_document(own) -> None:
    """A pipe that stays open does not hold the process."""
    own.stage(hook=HookSettings(deadline_ms=100))
    process = subprocess.Popen(
        [bundle.command(str(own.home)), "claude-code"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=own.variables,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        process.stdin.write(b'{"hook_event_name":')
        process.stdin.flush()

        assert process.wait(timeout=20) == 0
        assert process.stdout.read() == b""
    assert own.outcome() == "deadline"


@pytest.mark.parametrize(
    ("recall", "outcomes"),
    [(RAISES, ["error"]), (EXITS, []), ("import no_such_module", ["error"])],
    ids=["raises", "exits", "broken"],
)
def test_error_inside_is_silent(own, recall: str, outcomes: list[str]) -> None:
    """A defect of ours is noted by kind and place, and the spawn goes on."""
    own.stage_with(recall)

    answer = own.call(own.spawn())

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")
    assert [line["outcome"] for line in own.receipts()] == outcomes
    assert "SECRET" not in str(own.receipts())


@pytest.mark.parametrize("gone", ["start", "settings", "interpreter"])
def test_half_removed_installation_is_silent(own, gone: str) -> None:
    """What an agent's settings point to may outlive what it needs."""
    if gone == "interpreter":
        command = Path(bundle.command(str(own.home)))
        command.write_text(command.read_text().replace("/bin/python", "/bin/gone-python"))
    elif gone == "settings":
        (own.home / "hook" / "settings").unlink()
    else:
        next((own.home / "hook").glob(f"*/{gone}.py*")).unlink()

    answer = own.call(own.spawn())

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")


def test_bytecode_of_another_interpreter_is_refused_silently(own) -> None:
    """An interpreter may be exchanged under its path; foreign bytecode would crash it."""
    (start,) = (own.home / "hook").glob("*/start.pyc")
    start.write_bytes(b"\x00\x01" + start.read_bytes()[2:])

    answer = own.call(own.spawn())

    assert (answer.code, answer.printed, answer.errors) == (0, b"", b"")


@pytest.mark.parametrize("name", ["it's mine", '"$HOME"', "имя", "`true`;#\\n"])
def test_home_may_have_any_name(own, tmp_path: Path, name: str) -> None:
    """The command is a shell script and the start a Python one; both quote what they name."""
    home = tmp_path / name
    moved = replace(own, home=shutil.copytree(own.home, home, symlinks=True))
    moved.stage()

    assert "src/cart.py" in moved.call(moved.spawn()).output["updatedInput"]["prompt"]
    assert [line["outcome"] for line in moved.receipts()] == ["injected"]


def test_folder_of_the_caller_is_not_imported_from(staged, tmp_path: Path) -> None:
    """A repository may hold modules named like those of the standard library or ours."""
    for name in ("posix", "time", "math", "rtkq", "rtkq_hooks", "_sqlite3", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(3)")
    done = subprocess.run(
        [bundle.command(str(staged.home)), "claude-code"],
        input=json.dumps(staged.spawn()).encode(),
        capture_output=True,
        cwd=tmp_path,
        env=staged.variables | {"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": "/no/such/file"},
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"src/cart.py" in done.stdout


def test_receipts_of_many_processes_stay_whole(own) -> None:
    """Twenty spawns at once leave twenty whole lines and give twenty answers."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: own.call(own.spawn(f"cart_total {n}")), range(20)))

    assert all(answer.output["updatedInput"] for answer in answers)
    assert [line.get("outcome") for line in own.receipts()] == ["injected"] * 20


@pytest.fixture
def without_override() -> list[str]:
    """Return a prefix under which permissions count, for root as well."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root without setpriv may write everywhere")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def test_memory_in_a_read_only_folder_is_served(own, without_override: list[str]) -> None:
    """SQLite cannot make its shared memory there; the file is read as it lies."""
    folder = Path(paths.memory_file(str(own.home), str(own.root))).parent.resolve()
    for side in ("memory.db-wal", "memory.db-shm"):
        (folder / side).unlink(missing_ok=True)
    folder.chmod(0o500)
    try:
        done = subprocess.run(
            [*without_override, bundle.command(str(own.home)), "claude-code"],
            input=json.dumps(own.spawn()).encode(),
            capture_output=True,
            env=own.variables,
        )
    finally:
        folder.chmod(0o700)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"src/cart.py" in done.stdout
    assert sorted(entry.name for entry in folder.iterdir()) == ["memory.db"]


def test_memory_is_never_written(own) -> None:
    """The hook leaves the memory's files as they were."""
    folder = Path(paths.memory_file(str(own.home), str(own.root))).parent.resolve()
    before = (folder / "memory.db").read_bytes()

    own.call(own.spawn())

    assert (folder / "memory.db").read_bytes() == before


def test_smaller_budget_takes_effect_when_staged(own) -> None:
    """Staging again rewrites the settings beside the bundle, nothing else."""
    own.stage(hook=HookSettings(budget_tokens=40, deadline_ms=15_000))

    prompt = own.call(own.spawn("cart_total")).output["updatedInput"]["prompt"]
    assert len(prompt.removesuffix("\n\ncart_total")) <= 40 * 4
