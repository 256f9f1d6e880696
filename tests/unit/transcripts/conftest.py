"""Transcripts of real sessions, laid out as the client keeps them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rtkq.transcripts import Folders

FIXTURES = Path(__file__).parents[2] / "fixtures"
NEWEST = "claude-code/2.1.330"


@pytest.fixture
def recorded(tmp_path: Path, home: str) -> Callable[..., Folders]:
    """Return how to get folders of transcripts that hold the named sessions.

    A session is ``name`` or ``name@client/version``. The receipts of the last
    one named are put where the hook leaves them.
    """

    def laid_out(*names: str) -> Folders:
        for name in names:
            session, _, client = name.partition("@")
            folder = "sessions/2026/11/24" if "codex" in client else "projects/-home-dev-shop"
            source = FIXTURES / (client or NEWEST) / "transcripts" / session
            shutil.copytree(source, tmp_path / folder, dirs_exist_ok=True)
            left = tmp_path / folder / "receipts.log"
            if left.exists():
                os.makedirs(f"{home}/receipts", exist_ok=True)
                left.rename(f"{home}/receipts/20261123T2300.log")
        return Folders(str(tmp_path / "projects"), str(tmp_path / "sessions"))

    return laid_out
