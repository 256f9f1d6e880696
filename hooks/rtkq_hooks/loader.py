"""Import the hook's modules out of one file instead of looking for each on the disk.

Staging appends the modules to a copy of this one, so it imports nothing of ours. It is never
imported from the installed package.
"""

from __future__ import annotations

import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Loader:
    """Finds and loads modules of which it holds the code; goes first in ``sys.meta_path``."""

    def __init__(self, modules: Mapping[str, tuple[bool, bytes]]) -> None:
        """Take *modules*: name → whether it is a package, and its marshalled code."""
        self._modules = modules
        self._folder = __file__.rpartition("/")[0]

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return how to import the module *name*, or ``None`` if it is none of these."""
        if name not in self._modules:
            return None
        # The class of a spec lives in a module that costs more than all of ours.
        spec: type[ModuleSpec] = type(__spec__)
        return spec(name, self, is_package=self._modules[name][0])  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the interpreter make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code in it."""
        # Ours, and for this interpreter: whoever imports this module has checked its magic number.
        # A module that reads a data file finds it as it would in the installed package.
        module.__file__ = f"{self._folder}/{module.__name__.replace('.', '/')}.py"
        code = marshal.loads(self._modules[module.__name__][1])  # noqa: S302
        exec(code, module.__dict__)  # noqa: S102


def install(modules: Mapping[str, tuple[bool, bytes]]) -> None:
    """Make *modules* importable, before anything on the disk is looked at."""
    sys.meta_path.insert(0, Loader(modules))
