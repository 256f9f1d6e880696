"""Transcripts of real sessions, laid out as the client keeps them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[2] / "fixtures/claude-code"
NEWEST = "2.1.330"


@pytest.fixture
def recorded(tmp_path: Path, home: str) -> Callable[..., str]:
    """Return how to get a folder of transcripts that holds the named sessions.

    A session is ``name`` or ``name@version`` of the client that wrote it. The receipts of the last
    one named are put where the hook leaves them.
    """

    def laid_out(*names: str) -> str:
        project = tmp_path / "projects/-home-dev-shop"
        for name in names:
            session, _, version = name.partition("@")
            source = CLIENT / (version or NEWEST) / "transcripts" / session
            shutil.copytree(source, project, dirs_exist_ok=True)
            left = project / "receipts.log"
            if left.exists():
                os.makedirs(f"{home}/receipts", exist_ok=True)
                left.rename(f"{home}/receipts/20261123T2300.log")
        return str(project.parent)

    return laid_out
