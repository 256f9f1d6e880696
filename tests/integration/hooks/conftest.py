"""A staged hook, a project with a memory, and the documents that clients really sent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import rtkq
from rtkq import receipts, store
from rtkq.agents import bundle
from rtkq.config import HookSettings, PolicySettings, Settings
from rtkq_workers.rebuild import rebuild

#: What runs the tests may be busy; the deadline has tests of its own.
PATIENT = HookSettings(deadline_ms=15_000)
SOURCES = {
    "src/cart.py": "def cart_total(cart):\n    return sum(cart)\n",
    "src/session.py": "class SessionStore:\n    def refresh(self, token):\n        pass\n",
    "sub/notes.txt": "cart and sessions\n",
    "tests/test_cart.py": "from src.cart import cart_total\n\n\ndef test_total():\n    pass\n",
}


def git(folder: Path, *words: str) -> None:
    """Run git in *folder*, as nobody in particular."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(name="git")
def git_command() -> Callable[..., None]:
    """Return a function that runs git in a folder."""
    return git


@dataclass(frozen=True)
class Answer:
    """What one call of the hook's process gave."""

    code: int
    printed: bytes
    errors: bytes

    @property
    def output(self) -> dict[str, Any]:
        """The one document that was printed."""
        document: dict[str, Any] = json.loads(self.printed)["hookSpecificOutput"]
        return document


@dataclass(frozen=True)
class Staged:
    """A staged hook and a project it knows."""

    home: Path
    root: Path
    variables: dict[str, str]

    def stage(self, *, hook: HookSettings = PATIENT, **policy: Any) -> None:
        """Stage the hook again, under other settings."""
        settings = Settings(home=str(self.home), hook=hook, policy=PolicySettings(**policy))
        bundle.stage(str(self.home), settings)

    def settings(self) -> dict[str, str]:
        """Return the flat settings, for calls inside this process."""
        return bundle.flat(str(self.home), Settings(home=str(self.home)))

    def call(
        self, document: bytes | dict[str, Any], *, agent: str = "claude-code", **variables: str
    ) -> Answer:
        """Give *document* to the staged command, as a client would."""
        done = subprocess.run(
            [bundle.command(str(self.home)), agent],
            input=document if isinstance(document, bytes) else json.dumps(document).encode(),
            capture_output=True,
            env=self.variables | variables,
            cwd="/",
            timeout=20,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def spawn(self, prompt: str = "Find cart_total", **tool_input: Any) -> dict[str, Any]:
        """Return the document of a spawn in the project."""
        return {
            "session_id": "a8edf89d",
            "prompt_id": "6bcd37c6",
            "cwd": str(self.root),
            "hook_event_name": "PreToolUse",
            "tool_name": "Agent",
            "tool_input": {"description": "look", "prompt": prompt, **tool_input},
        }

    def started(self, agent_type: str = "general-purpose") -> dict[str, Any]:
        """Return the document of a subagent's start in the project."""
        return {
            "session_id": "a8edf89d",
            "prompt_id": "6bcd37c6",
            "cwd": str(self.root),
            "agent_type": agent_type,
            "hook_event_name": "SubagentStart",
        }

    def receipts(self) -> list[dict[str, str]]:
        """Return all receipts, oldest first."""
        files = sorted((self.home / "receipts").glob("*.log"))
        return [line for file in files for line in receipts.read(str(file))[0]]

    def outcome(self) -> str:
        """Return the outcome of the last call."""
        return self.receipts()[-1]["outcome"]

    def stage_with(self, recall: str, *, hook: HookSettings = PATIENT) -> None:
        """Stage the hook again, with *recall* as what the package of that name says itself."""
        source = self.home / "source" / "rtkq"
        shutil.copytree(rtkq.__path__[0], source)
        (source / "recall" / "__init__.py").write_text(recall)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(rtkq, "__path__", [str(source)])
            self.stage(hook=hook)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a project and a home that holds its memory, built once."""
    folder = tmp_path_factory.mktemp("built").resolve()
    root = folder / "shop"
    for name, text in SOURCES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Add cart and sessions")
    home = folder / "home"
    store.register(str(home), str(root))
    assert rebuild(str(home), str(root))
    bundle.stage(str(home), Settings(home=str(home), hook=PATIENT))
    return folder


@pytest.fixture
def staged(built: Path) -> Iterator[Staged]:
    """Return the staged hook beside the project; what a test leaves there is removed."""
    home = built / "home"
    variables = {"PATH": os.environ["PATH"], "HOME": str(built), "LANG": "C.UTF-8"}
    yield Staged(home, built / "shop", variables)
    for left in ("receipts", "run/spawns", "run/started"):
        shutil.rmtree(home / left, ignore_errors=True)


@pytest.fixture
def own(staged: Staged, tmp_path: Path) -> Staged:
    """Return a staged hook whose home this test may break; the project is the shared one."""
    home = tmp_path / "home"
    shutil.copytree(staged.home, home, symlinks=True, ignore=shutil.ignore_patterns("hook"))
    hook = Staged(home, staged.root, staged.variables)
    hook.stage()
    return hook
