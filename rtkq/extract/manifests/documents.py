"""Manifests that are documents: TOML, JSON and XML.

Every reader takes the text and may raise whatever a parser raises.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

_REQUIREMENT = re.compile(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*([=<>!~(@][^;#]*)?(?:[;#]|$)")
#: Entities are how XML is made to explode; no manifest needs them.
_DECLARATIONS = ("<!DOCTYPE", "<!ENTITY")
_RUNTIME, _DEV, _BUILD, _OPTIONAL = "runtime", "dev", "build", "optional"


class Found(NamedTuple):
    """What a reader found, as written."""

    name: str
    #: (name, kind, version), in the order of the file.
    dependencies: list[tuple[str, str, str]]
    entries: list[str]


def requirement(text: str, kind: str) -> tuple[str, str, str]:
    """Return (name, kind, version) of a Python requirement without its marker."""
    found = _REQUIREMENT.match(text)
    return (found[1], kind, (found[2] or "").strip(" ()")) if found else ("", kind, "")


def pyproject(text: str) -> Found:
    """Read pyproject.toml: the standard tables and Poetry's."""
    document = tomllib.loads(text)
    project = _table(document, "project")
    poetry = _table(_table(document, "tool"), "poetry")
    scripts = _table(project, "scripts") | _table(poetry, "scripts")
    return Found(
        str(project.get("name") or poetry.get("name") or ""),
        [*_standard(document, project), *_poetry(poetry)],
        [f"{name} → {target}" for name, target in scripts.items() if isinstance(target, str)],
    )


def _standard(document: dict[str, Any], project: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    groups = [(_RUNTIME, project.get("dependencies"))]
    groups += [(_OPTIONAL, group) for group in _table(project, "optional-dependencies").values()]
    groups += [(_DEV, group) for group in _table(document, "dependency-groups").values()]
    groups.append((_BUILD, _table(document, "build-system").get("requires")))
    for kind, group in groups:
        for text in group or []:
            if isinstance(text, str):
                yield requirement(text, kind)


def _poetry(poetry: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield from _versions(_table(poetry, "dependencies"), _RUNTIME)
    yield from _versions(_table(poetry, "dev-dependencies"), _DEV)
    for group in _table(poetry, "group").values():
        yield from _versions(_table(group, "dependencies"), _DEV)


def cargo(text: str) -> Found:
    """Read Cargo.toml: dependencies of the package, of its targets and of the workspace."""
    document = tomllib.loads(text)
    tables = [document, _table(document, "workspace"), *_table(document, "target").values()]
    kinds = {"dependencies": _RUNTIME, "dev-dependencies": _DEV, "build-dependencies": _BUILD}
    found = [
        one
        for table in tables
        for key, kind in kinds.items()
        for one in _versions(_table(table, key), kind)
    ]
    binaries = [
        f"{one['name']} → {one['path']}" if "path" in one else str(one["name"])
        for one in document.get("bin", [])
        if "name" in one
    ]
    return Found(str(_table(document, "package").get("name", "")), found, binaries)


def npm(text: str) -> Found:
    """Read package.json; of scripts the names alone, for what they run is nobody's business."""
    document = json.loads(text)
    kinds = {
        "dependencies": _RUNTIME,
        "devDependencies": _DEV,
        "peerDependencies": "peer",
        "optionalDependencies": _OPTIONAL,
    }
    found = [one for key, kind in kinds.items() for one in _versions(_table(document, key), kind)]
    name = str(document.get("name", ""))
    programs = document.get("bin") or {}
    if isinstance(programs, str):
        programs = {name.rpartition("/")[2]: programs}
    entries = [f"{one} → {path}" for one, path in programs.items()]
    if isinstance(document.get("main"), str):
        entries.append(f"main → {document['main']}")
    return Found(name, found, entries + list(_table(document, "scripts")))


def composer(text: str) -> Found:
    """Read composer.json."""
    document = json.loads(text)
    kinds = {"require": _RUNTIME, "require-dev": _DEV}
    found = [one for key, kind in kinds.items() for one in _versions(_table(document, key), kind)]
    programs = document.get("bin") or []
    programs = [programs] if isinstance(programs, str) else programs
    return Found(str(document.get("name", "")), found, [str(path) for path in programs])


def maven(text: str) -> Found:
    """Read pom.xml; the scope tells the kind, what is managed for modules counts as well."""
    root = _xml(text)
    kinds = {"test": _DEV, "provided": _BUILD, "system": _BUILD}
    found = []
    for one in _elements(root, "dependency"):
        group, artifact = _child(one, "groupId"), _child(one, "artifactId")
        kind = kinds.get(_child(one, "scope"), _RUNTIME)
        if _child(one, "optional") == "true":
            kind = _OPTIONAL
        found.append((f"{group}:{artifact}", kind, _child(one, "version")))
    return Found(_child(root, "artifactId"), found, [])


def dotnet(text: str) -> Found:
    """Read a project file of .NET: packages, not references to other projects."""
    found = []
    for one in _elements(_xml(text), "PackageReference"):
        version = one.get("Version") or _child(one, "Version")
        is_private = (one.get("PrivateAssets") or _child(one, "PrivateAssets")) == "all"
        found.append((one.get("Include", ""), _DEV if is_private else _RUNTIME, version))
    return Found("", found, [])


def _table(parent: Any, key: str) -> dict[str, Any]:
    found = parent.get(key) if isinstance(parent, dict) else None
    return found if isinstance(found, dict) else {}


def _versions(table: dict[str, Any], kind: str) -> Iterator[tuple[str, str, str]]:
    """Return what a table of name → version says; a version may be a table with one in it."""
    for name, told in table.items():
        is_optional = isinstance(told, dict) and told.get("optional") is True
        if isinstance(told, dict):
            told = next((told[key] for key in ("version", "git", "path") if key in told), "")
        yield name, _OPTIONAL if is_optional else kind, told if isinstance(told, str) else ""


def _xml(text: str) -> ElementTree.Element:
    if any(sign in text for sign in _DECLARATIONS):
        raise ValueError("a document that declares entities")
    return ElementTree.fromstring(text.encode())  # noqa: S314 (nothing can expand: see above)


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _elements(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in root.iter() if _local(one.tag) == name]


def _child(parent: ElementTree.Element, name: str) -> str:
    texts = ((one.text or "").strip() for one in parent if _local(one.tag) == name)
    return next(texts, "")
