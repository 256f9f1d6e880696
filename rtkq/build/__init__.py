"""From facts to a memory: sections of files, impacts, posting lists, texts about the whole."""

from __future__ import annotations

from rtkq.extract.languages import LANGUAGES, version_of

#: Raised when the same facts give other rows.
_LAYOUT_VERSION = 5

#: What a memory was computed by; one computed by another recipe owes a rebuild.
RECIPE = f"{_LAYOUT_VERSION};" + ",".join(
    f"{language}{version_of(language)}" for language in sorted(LANGUAGES)
)
