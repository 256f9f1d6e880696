"""What changes on the disk is owed, soon and exactly; what is ignored costs nothing."""

from __future__ import annotations

import os
from collections.abc import Callable

from .conftest import Beaten, Checkout

Start = Callable[[], Beaten]


def test_a_saved_file_is_owed(checkout: Checkout, start: Start) -> None:
    """An edit becomes the debt of exactly that path."""
    beaten = start()
    checkout.write("a.py", "x = 1\n")

    beaten.until(lambda: checkout.owed() == {"a.py"})


def test_created_renamed_and_deleted_files_are_owed(checkout: Checkout, start: Start) -> None:
    """A new file, both names of a renamed one, and a deleted one are owed."""
    beaten = start()
    checkout.write("new.py")
    os.rename(checkout.root / "a.py", checkout.root / "renamed.py")
    os.unlink(checkout.root / "pkg/b.py")

    beaten.until(lambda: checkout.owed() == {"new.py", "a.py", "renamed.py", "pkg/b.py"})
