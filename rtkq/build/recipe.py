"""What the memory of a checkout is computed by; one that was computed otherwise owes a rebuild."""

from __future__ import annotations

from rtkq.extract.languages import LANGUAGES, version_of
from rtkq.repository import Wishes

#: Raised when the same facts give other rows.
_LAYOUT_VERSION = 5

#: What a memory was computed by; one computed by another recipe owes a rebuild.
RECIPE = f"{_LAYOUT_VERSION};" + ",".join(
    f"{language}{version_of(language)}" for language in sorted(LANGUAGES)
)


def recipe_of(wishes: Wishes) -> str:
    """Return what a memory is computed by where the repository has these *wishes*."""
    return f"{RECIPE};{wishes.told}" if wishes.told else RECIPE
