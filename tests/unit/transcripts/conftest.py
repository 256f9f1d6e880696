"""Transcripts of real sessions, laid out as the client keeps them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[2] / "fixtures/claude-code/2.1.330/transcripts"


@pytest.fixture
def recorded(tmp_path: Path, home: str) -> Callable[..., str]:
    """Return how to get a folder of transcripts that holds the named sessions.

    The receipts of the last one named are put where the hook leaves them.
    """

    def laid_out(*names: str) -> str:
        project = tmp_path / "projects/-home-dev-shop"
        for name in names:
            shutil.copytree(RECORDED / name, project, dirs_exist_ok=True)
            left = project / "receipts.log"
            if left.exists():
                os.makedirs(f"{home}/receipts", exist_ok=True)
                left.rename(f"{home}/receipts/20261123T2323.log")
        return str(project.parent)

    return laid_out
