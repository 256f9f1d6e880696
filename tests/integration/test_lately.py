"""The spawns of the last hour are those whose receipts were written in it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rtkq import paths, receipts
from rtkq.answers import lately
from rtkq.answers.lately import Spawns

NOW = 1_800_000_030.0


def write(home: str, ago_s: float, outcome: str = "injected", root: str = "/src/shop") -> None:
    """Write one receipt as the hook did so long before NOW."""
    receipt = receipts.Receipt("claude-code")
    receipt.event, receipt.type, receipt.outcome = "PreToolUse", "explore", outcome
    receipt.root = root
    minute = time.strftime(receipts.MINUTE, time.gmtime(NOW - ago_s))
    file = Path(paths.receipts_folder(home), minute)
    os.makedirs(file.parent, exist_ok=True)
    with file.open("ab") as stream:
        stream.write(receipt.line())


def test_hour_ends_now(home: str) -> None:
    """What is older does not count, nor what was no spawn."""
    for ago_s in (0, 90, 3500, 3700):
        write(home, ago_s)
    write(home, 10, "missing")
    write(home, 10, "noted", root="")

    found = lately.minutes(home, NOW)

    assert lately.hour(home, NOW) == Spawns(5, 3)
    assert len(found) == 60
    assert (found[-1]["spawns"], found[-1]["injected"]) == (3, 1)


def test_minute_that_goes_on_is_read_again(home: str) -> None:
    """Those that are over are not: nobody writes to their files any more."""
    write(home, 0)
    before = lately.hour(home, NOW)
    write(home, 0)

    assert (before, lately.hour(home, NOW)) == (Spawns(1, 1), Spawns(2, 2))


@pytest.mark.parametrize("root", ["/src/shop", "/src/other"])
def test_only_projects_that_are_seen_count(home: str, root: str) -> None:
    """Whoever asks may see some projects and not others."""
    write(home, 120)
    write(home, 300, root="/src/third")

    assert lately.hour(home, NOW, lambda one: one == root).seen == (root == "/src/shop")
