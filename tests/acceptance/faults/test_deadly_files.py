"""A file that hangs the parser or exhausts memory costs itself, while everything goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Machine, until

#: What every worker does before it begins: files with the word "deadly" meet a fate, as one of
#: those would that no grammar is known for to survive. Within a second, for a test has no ten.
FATEFUL = """
import sys
if "worker" in sys.orig_argv:
    import os
    from rtkq_workers.rebuild import extractor
    extract, extractor._MOST_CPU_S = extractor.extract, 1
    def fateful(data, language):
        if b"deadly" in data:
            {fate}
        return extract(data, language)
    extractor.extract = fateful
"""
HANG = "while True: pass"
#: As C code does that meets the limit: it cannot raise an exception.
DEVOUR = """
            kept = []
            try:
                while True: kept.append(bytearray(1 << 24))
            except MemoryError:
                os.abort()
"""


@pytest.mark.parametrize(("fate", "reason"), [(HANG, "timeout"), (DEVOUR, "memory")])
def test_deadly_file_is_told_while_all_runs(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: str, reason: str
) -> None:
    """Status and doctor name it with the reason; what is saved beside it is known as ever."""
    (tmp_path / "sitecustomize.py").write_text(FATEFUL.format(fate=fate))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    machine.up()
    machine.checkout.write("src/bomb.py", "def deadly_one():\n    return 1\n")
    machine.checkout.write("src/late.py", "def known_beside_it():\n    return 1\n")

    until(lambda: machine.knows("known_beside_it"))
    assert machine.status()["given_up"] == [f"src/bomb.py: {reason}"]
    told = machine.doctor()["failed-files"]
    assert (told["result"], f"src/bomb.py ({reason})" in told["detail"]) == ("warn", True)
    assert "src/bomb.py" in machine.plan("what is in bomb.py")

    machine.checkout.write("src/bomb.py", "def harmless_again():\n    return 1\n")
    until(lambda: machine.knows("harmless_again"))
    assert machine.doctor()["failed-files"]["result"] == "ok"
    assert machine.status()["given_up"] == []
    machine.assert_as_from_nothing()
