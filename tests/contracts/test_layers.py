"""Layers: import-linter ignores what is not listed, so that everything is listed is held here."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from itertools import chain
from pathlib import Path

import rtkq
import rtkq_hooks
import rtkq_workers

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {one["id"]: one for one in PYPROJECT["tool"]["importlinter"]["contracts"]}


def modules() -> set[str]:
    """Return every module of the three packages, the packages themselves included."""
    packages = (rtkq, rtkq_hooks, rtkq_workers)
    found = {package.__name__ for package in packages}
    for package in packages:
        walked = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        found.update(module.name for module in walked if not module.name.endswith("__main__"))
    return found


def test_every_module_belongs_to_a_layer() -> None:
    """A new module is placed before it is imported; ``rtkq`` itself imports nothing."""
    layers = re.split(r"[ |]+", " ".join(CONTRACTS["layers"]["layers"]))

    homeless = {
        name
        for name in modules()
        if not any(f"{name}.".startswith(f"{layer}.") for layer in layers)
    }

    assert homeless == {"rtkq"}


def test_every_dependency_has_an_owner_and_is_kept_from_the_hook() -> None:
    """A new dependency is given to one module; grammars are loaded by name and need no owner."""
    project = PYPROJECT["project"]
    listed = chain(project["dependencies"], *project["optional-dependencies"].values())
    wanted = [re.match(r"[\w-]+", one)[0] for one in listed]

    imported = {name.replace("-", "_") for name in wanted if not name.startswith("tree-sitter-")}

    assert imported == set(CONTRACTS["owners"]["forbidden_modules"])
    assert imported <= set(CONTRACTS["hook"]["forbidden_modules"])
