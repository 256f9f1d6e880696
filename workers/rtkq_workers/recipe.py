"""What the memory of a checkout is computed by; one that was computed otherwise owes a rebuild."""

from __future__ import annotations

from rtkq.build import RECIPE
from rtkq.repository import Wishes


def recipe_of(wishes: Wishes) -> str:
    """Return what a memory is computed by where the repository has these *wishes*."""
    return f"{RECIPE};{wishes.told}" if wishes.told else RECIPE
