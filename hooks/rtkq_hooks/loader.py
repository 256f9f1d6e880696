"""The hook's main script: all of its modules in one file of bytecode.

Staging puts the code of the others in the place of `MODULES`. Those that every call needs are run
at once, each in an empty module, which is all that importing them comes to; the machinery that
finds modules costs more than ours do. The others are imported from here when somebody asks.
"""

from __future__ import annotations

import gc
import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

#: Names of what runs at every start, each after what it imports, and for each module its name,
#: whether it is a package, and its code, marshalled where it does not run at every start.
#: No source can spell code: see ``agents.bundle``.
MODULES: Any = ...


class Loader:
    """Finds and loads modules of which it holds the code; goes first in ``sys.meta_path``."""

    def __init__(self, modules: Mapping[str, tuple[bool, CodeType | bytes]]) -> None:
        """Take *modules*: name → whether it is a package, and its code."""
        self._modules = modules
        self._folder = __file__.rpartition("/")[0]

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return how to import the module *name*, or ``None`` if it is none of these."""
        if name not in self._modules:
            return None
        # The class of a spec lives in a module that costs more than all of ours.
        spec: type[ModuleSpec] = type(sys.__spec__)
        return spec(name, self, is_package=self._modules[name][0])  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the interpreter make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code in it."""
        # A module that reads a data file finds it as it would in the installed package.
        module.__file__ = f"{self._folder}/{module.__name__.replace('.', '/')}.py"
        code = self._modules[module.__name__][1]
        # Ours, and for this interpreter: it has checked the magic number of this file.
        exec(marshal.loads(code) if isinstance(code, bytes) else code, module.__dict__)  # noqa: S102, S302


def run_all(names: Iterable[str], modules: Mapping[str, tuple[bool, CodeType]]) -> None:
    """Make the modules of these *names* and then run each, in this order."""
    for name in sorted(names):
        module = sys.modules[name] = type(sys)(name)
        if modules[name][0]:
            module.__path__ = []
        holder, _, own = name.rpartition(".")
        if holder:
            setattr(sys.modules[holder], own, module)
    try:
        for name in names:
            exec(modules[name][1], sys.modules[name].__dict__)  # noqa: S102
    except Exception:
        # It will happen again to whoever imports them, and be noted there.
        for name in names:
            del sys.modules[name]


gc.disable()  # a process this short never gets its garbage back
at_start, listed = MODULES
known = {name: found for name, *found in listed}
sys.meta_path.insert(0, Loader(known))
run_all(at_start, known)
if __name__ == "__main__":
    from rtkq_hooks.main import start

    start(__file__.rpartition("/")[0].rpartition("/")[0] + "/settings")
