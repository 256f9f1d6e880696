"""What belongs to one system is imported there alone, and says where it has been run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rtkq import service
from rtkq.service.launchd import Launchd

ROOT = Path(__file__).parents[2]
#: Modules for macOS, and the only one that may import each.
FOR_MACOS = {
    "rtkq.service.launchd": "rtkq/service/__init__.py",
    "rtkq_workers.watch.native": "workers/rtkq_workers/watch/platform.py",
}
CHOOSING = """
import sys
from rtkq import service
from rtkq_workers.watch import platform
service.keeper(), platform.observer()
print(*sys.modules)
"""


def importers(module: str) -> list[str]:
    """Return the files that import a *module*."""
    return [
        file.relative_to(ROOT).as_posix()
        for folder in ("rtkq", "workers", "hooks")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom)
        and module in (node.module, *(f"{node.module}.{one.name}" for one in node.names))
    ]


@pytest.mark.parametrize("module", FOR_MACOS)
def test_one_place_chooses_what_is_for_macos(module: str) -> None:
    """Whoever mends it need not look elsewhere."""
    assert importers(module) == [FOR_MACOS[module]]


@pytest.mark.skipif(sys.platform != "linux", reason="it is about Linux")
def test_linux_imports_nothing_for_macos() -> None:
    """When it is asked to watch, and to keep services."""
    found = subprocess.run(
        [sys.executable, "-c", CHOOSING], check=True, capture_output=True, text=True
    ).stdout.split()

    assert not {*FOR_MACOS, "watchdog.observers.fsevents"} & {*found}
    assert {"rtkq.service.systemd", "rtkq_workers.watch.pruned"} <= {*found}


def test_macos_has_launchd(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is chosen by the name of the system."""
    monkeypatch.setattr(sys, "platform", "darwin")

    assert isinstance(service.keeper(), Launchd)


@pytest.mark.parametrize(
    "path",
    [
        "rtkq/service/launchd.py",
        "workers/rtkq_workers/watch/native.py",
        "docs/how-to/run-in-the-background.md",
    ],
)
def test_what_was_not_run_on_a_mac_says_so(path: str) -> None:
    """Nobody is to take it for tried."""
    text = " ".join((ROOT / path).read_text().split())

    assert re.search(r"not (been )?run on a Mac yet", text)
