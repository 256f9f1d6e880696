"""The OpenAPI document says what is so: Schemathesis makes up requests from it and judges answers.

Requests that fit must be taken and others refused, with a status, a type and a shape that the
document names, and nothing without a token where it says that one is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Checkout
from tests.integration.serve.conftest import Daemon

_HOOKS = Path(__file__).with_name("known_root.py")
_MOST_EXAMPLES = "12"


def test_document_holds_what_it_promises(
    start: Callable[..., Daemon], project: Checkout, tmp_path: Path
) -> None:
    """Some 500 requests, the same every time."""
    daemon = start(RTKQ_SERVE_TOKEN="s3cret")
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run",
         f"http://127.0.0.1:{daemon.port}/v1/openapi.json",
         "--checks", "all",
         "--phases", "coverage,fuzzing",
         "--max-examples", _MOST_EXAMPLES,
         "--generation-deterministic",
         "--header", "Authorization: Bearer s3cret",
         "--no-color"],
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(_HOOKS), "KNOWN_ROOT": project.root},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Operations:       11 selected / 11 total" in done.stdout
