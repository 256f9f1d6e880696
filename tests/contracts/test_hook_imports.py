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

#: Built into the interpreter or a small C library; ``__future__`` is a stand-in, ``modules`` ours.
ALLOWED = {"__future__", "_functools", "_sqlite3", "gc", "math", "modules", "posix", "time"}
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
import posix, sys
started = set(sys.modules)
def leave(code):
    posix.write(2, " ".join(sorted(set(sys.modules) - started)).encode())
    really_leave(code)
really_leave, posix._exit = posix._exit, leave
sys.argv = sys.argv[1:]
__file__ = sys.argv[0]
exec(compile(open(__file__).read(), __file__, "exec"))
"""


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Return the script that the staged command runs."""
    bundle.stage(str(tmp_path), Settings(home=str(tmp_path)))
    (script,) = (tmp_path / "hook").glob("*/start.py")
    return script


def loaded(start: Path, document: dict[str, object], agent: str = "claude-code") -> set[str]:
    """Return the modules a call of the hook loads beyond the interpreter's own."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", "-c", PROBE, str(start), agent],
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
    code = f"import sys; sys.path.insert(0, {str(start.parent)!r}); import modules\n"
    code += "".join(f"import {name}\n" for name in names if not name.endswith(".loader"))

    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True)

    assert done.stderr == b""
    assert {"rtkq.recall.rank", "rtkq_hooks.main"} <= set(names)


def test_russian_task_finds_its_dictionary_in_the_bundle(start: Path) -> None:
    """The dictionary is read from beside the module, and nothing else comes with it."""
    code = f"import sys; sys.path.insert(0, {str(start.parent)!r}); import modules\n"
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


def test_start_is_short_and_the_rest_is_compiled(start: Path) -> None:
    """A main script is compiled at every start, an import is not."""
    assert len(start.read_text().splitlines()) <= 10
    files = [file for file in start.parent.rglob("*") if file.is_file()]
    assert sorted(file.name for file in files) == ["modules.pyc", "russian.tsv", "seal", "start.py"]


def test_package_itself_imports_nothing() -> None:
    """The hook pays for ``rtkq/__init__.py`` at every start."""
    source = Path(rtkq.__path__[0], "__init__.py").read_text()

    assert "import" not in source
