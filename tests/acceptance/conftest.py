"""Users of a machine with a service manager, and of one without."""

from __future__ import annotations

from pathlib import Path

import pytest

#: Knows which units are active, one file each; what it starts gives one sign of life.
SYSTEMCTL = """#!/bin/sh
shift
verb=$1; shift
case $verb in
    restart|start)
        mkdir -p "$RTKQ_HOME/run"
        for unit; do
            touch "$KEPT/$unit"
            kind=${unit#rtkq-}
            sign="{\\"pid\\": $PPID, \\"beat_at\\": $(date +%s)}"
            echo "$sign" > "$RTKQ_HOME/run/${kind%.service}.heartbeat"
        done ;;
    disable) shift; for unit; do rm -f "$KEPT/$unit"; done ;;
    show) for unit; do :; done; [ -e "$KEPT/$unit" ] && echo active || echo inactive ;;
esac
exit 0
"""
JOURNALCTL = """#!/bin/sh
echo "2026-11-23 watching: $*"
"""


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of a user whose system has no service manager."""
    tools = tmp_path / "tools"
    for folder in (tools, tmp_path / "kept", tmp_path / "user"):
        folder.mkdir()
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("KEPT", str(tmp_path / "kept"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return tmp_path / "user"


@pytest.fixture
def managed(user: Path, tmp_path: Path) -> Path:
    """The same user, with a manager that does as it is told."""
    for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)):
        tool = tmp_path / "tools" / name
        tool.write_text(text)
        tool.chmod(0o755)
    return user
