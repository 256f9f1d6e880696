"""Load SQLite without paying for ``functools``.

``_sqlite3`` imports ``functools`` for one name, ``lru_cache``, and that import costs more than
SQLite itself. While ``_sqlite3`` initialises, a module with that one name stands in.

Importing this module loads ``_sqlite3``; whoever imports it first gets the quick way.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Versions whose ``_sqlite3`` was seen to ask ``functools`` for nothing else.
_KNOWN = ((3, 11), (3, 12), (3, 13))


def _stand_in() -> Any:
    from _functools import _lru_cache_wrapper  # type: ignore[import-not-found]

    def lru_cache(maxsize: int) -> Callable[[Any], Any]:
        return lambda function: _lru_cache_wrapper(function, maxsize, False, tuple)

    module = type(sys)("functools")
    module.lru_cache = lru_cache  # type: ignore[attr-defined]
    return module


def _load_quickly() -> None:
    sys.modules["functools"] = _stand_in()
    try:
        import _sqlite3  # noqa: F401 (imported for its place in sys.modules)
    finally:
        del sys.modules["functools"]


if (
    sys.version_info[:2] in _KNOWN
    and sys.implementation.name == "cpython"
    and not {"functools", "_sqlite3"} & sys.modules.keys()
):
    _load_quickly()

import _sqlite3  # noqa: E402 (the plain way wherever the quick one does not apply)

connect = _sqlite3.connect
Error = _sqlite3.Error
