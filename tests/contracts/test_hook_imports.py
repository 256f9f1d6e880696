"""The hook starts a hundred times a minute: what it imports is held to a list."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import rtkq.recall
import rtkq_hooks
from rtkq.agents import bundle
from rtkq.config import Settings

#: Built into the interpreter or a small C library.
ALLOWED = {"_functools", "_sqlite3", "gc", "marshal", "math", "posix", "time"}
OURS = ("rtkq", "rtkq_hooks")
HEAVY = {
    "collections", "dataclasses", "enum", "functools", "json", "os", "pathlib", "re", "signal",
    "site", "sqlite3", "tomllib", "typing",
}  # fmt: skip
DOCUMENT = {
    "session_id": "s",
    "cwd": "/",
    "hook_event_name": "PreToolUse",
    "tool_name": "Agent",
    "tool_input": {"description": "d", "prompt": "Where is \\ud83d\\ude00 the cart?"},
}
#: Runs the staged script in place of it, and tells what was loaded when it leaves.
PROBE = """\
import marshal, posix, sys
started = set(sys.modules)
def leave(code):
    posix.write(2, " ".join(sorted(set(sys.modules) - started)).encode())
    really_leave(code)
really_leave, posix._exit = posix._exit, leave
sys.argv = sys.argv[1:]
__file__ = sys.argv[0]
exec(marshal.loads(open(__file__, "rb").read()[16:]))
"""


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Return the script that the staged command runs."""
    bundle.stage(str(tmp_path), Settings(home=str(tmp_path)))
    (script,) = (tmp_path / "hook").glob("*/start.pyc")
    return script


def loaded(start: Path, document: dict[str, object], agent: str = "claude-code") -> set[str]:
    """Return the modules a call of the hook loads beyond the interpreter's own."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", PROBE, str(start), agent],
        input=json.dumps(document).encode(),
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    return set(done.stderr.decode().split())


@pytest.mark.parametrize("event", ["PreToolUse", "SubagentStart", "SessionStart", "Stop"])
def test_hook_loads_only_what_is_allowed(start: Path, event: str) -> None:
    """The standard library's heavy modules cost more than the hook's whole budget."""
    modules = loaded(start, DOCUMENT | {"hook_event_name": event})

    foreign = {name for name in modules if name.partition(".")[0] not in OURS}
    assert foreign <= ALLOWED
    assert not foreign & HEAVY
    assert "rtkq_hooks.calls" in modules
    assert "rtkq_hooks.dialects" not in modules


@pytest.mark.parametrize("agent", ["codex", "copilot", "cursor", "no-such-agent"])
def test_dialects_of_other_clients_are_as_light(start: Path, agent: str) -> None:
    """Only who speaks another dialect loads it, and it brings nothing else along."""
    modules = loaded(start, DOCUMENT, agent)

    assert {name for name in modules if name.partition(".")[0] not in OURS} <= ALLOWED
    assert "rtkq_hooks.dialects" in modules


def test_every_module_of_the_hook_imports_from_the_bundle(start: Path) -> None:
    """A module that is imported late and missing would be noticed by users only."""
    names = [
        f"{package.__name__}.{name}"
        for package in (rtkq.recall, rtkq_hooks)
        for _, name, _ in pkgutil.iter_modules(package.__path__)
    ]
    code = f"import sys; sys.path.insert(0, {str(start.parent)!r}); import start\n"
    code += "".join(f"import {name}\n" for name in names if not name.endswith(".loader"))

    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True)

    assert done.stderr == b""
    assert {"rtkq.recall.rank", "rtkq_hooks.main"} <= set(names)


def test_russian_task_finds_its_dictionary_in_the_bundle(start: Path) -> None:
    """The dictionary is read from beside the module, and nothing else comes with it."""
    code = f"import sys; sys.path.insert(0, {str(start.parent)!r}); import start\n"
    code += "from rtkq.recall.question import Question; before = set(sys.modules)\n"
    code += "terms = Question(sys.stdin.buffer.read().decode()).terms\n"
    code += "print('task' in terms, *set(sys.modules) - before)"
    command = [sys.executable, "-I", "-S", "-c", code]

    done = subprocess.run(command, input="Задачи".encode(), capture_output=True)

    assert done.stdout.decode().split() == ["True", "rtkq.russian"]


@pytest.mark.parametrize(
    ("task", "is_loaded"),
    [("the queue", False), ("the queue — “naïve” 🙂", False), ("the очередь", True)],
)
def test_russian_is_loaded_for_russian_tasks_alone(task: str, is_loaded: bool) -> None:
    """Whoever writes English pays nothing for Russian."""
    code = "import sys; from rtkq.recall.question import Question; Question(sys.argv[1])\n"
    code += "print('rtkq.russian' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code, task], capture_output=True, check=True)

    assert done.stdout.decode().strip() == str(is_loaded)


def test_what_runs_at_every_start_is_what_a_spawn_needs(start: Path) -> None:
    """A module too many costs every call, a module too few is found the slow way."""
    settings = str(start.parent.parent / "settings")
    asked = f"main.run('claude-code', sys.stdin.buffer.read(), main.read_settings({settings!r}))"

    assert set(bundle.AT_START) == ours_after(f"from rtkq_hooks import main; {asked}")


def test_nothing_is_looked_for_at_a_start(start: Path) -> None:
    """Each module stands behind those it imports, or it would be imported before its turn."""
    code = f"import sys; sys.path.insert(0, {str(start.parent)!r}); import start\n"
    code += "print(*(name for name in sys.modules if sys.modules[name].__spec__ is None))"

    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)

    assert set(bundle.AT_START) <= set(done.stdout.split())


def ours_after(code: str) -> set[str]:
    """Return those of our modules that are loaded when *code* has run."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        input=json.dumps(DOCUMENT).encode(),
        capture_output=True,
        check=True,
    )
    return {name for name in done.stdout.decode().split() if name.partition(".")[0] in OURS}


def test_nothing_is_compiled_at_a_start(start: Path) -> None:
    """A main script in source would be compiled each time, and each import looked for."""
    files = [file for file in start.parent.rglob("*") if file.is_file()]
    assert sorted(file.name for file in files) == ["russian.tsv", "seal", "start.pyc"]


def test_package_itself_imports_nothing() -> None:
    """The hook pays for ``rtkq/__init__.py`` at every start."""
    source = Path(rtkq.__path__[0], "__init__.py").read_text()

    assert "import" not in source
