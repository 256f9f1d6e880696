"""Importing libraries without the database drivers they would load in case anybody needs them.

Peewee and Huey import every driver that is installed. With those of the team mode there, each
command would start nearly twice as slowly, whether it has to do with a team or not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType

_DRIVERS = ("MySQLdb", "psycopg", "psycopg2", "psycopg2cffi", "pymysql", "redis")


@contextmanager
def left_out() -> Iterator[None]:
    """Let the imports in this block find no driver; one that is loaded already stays."""
    hidden = [name for name in _DRIVERS if name not in sys.modules]
    # What Python documents for it: importing a name that is None here raises ImportError.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def loaded_anew(name: str) -> ModuleType:
    """Return a module of its own, made from the code of the module *name*, with drivers there.

    Reloading would change the one that is in use: its classes would no longer be themselves.
    """
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
