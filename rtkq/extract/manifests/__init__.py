"""What manifests say: the package's name, what it depends on, what can be started.

A manifest comes from whoever wrote the repository: names and versions are held to what names and
versions look like, credentials in addresses are left out, and no text of theirs is run, expanded
or passed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rtkq.extract.facts import Dependency, Manifest
from rtkq.extract.manifests import documents, lines

#: Later ones are left out.
_MOST = 500

#: Language -> reader of its text: own name, (name, kind, version) of each dependency, entries.
_READERS: dict[str, Callable[[str], documents.Found]] = {
    "bundler": lines.bundler,
    "cargo": documents.cargo,
    "composer": documents.composer,
    "dotnet": documents.dotnet,
    "gomod": lines.gomod,
    "gradle": lines.gradle,
    "gradle_kts": lines.gradle,
    "maven": documents.maven,
    "npm": documents.npm,
    "pyproject": documents.pyproject,
    "requirements": lines.requirements,
    "requirements_dev": lines.requirements_dev,
}

_NAME = re.compile(r"[@\w][\w.@/:+${}-]{0,99}")
_LONGEST_VERSION = 60
_VERSION = re.compile(r"[\w.^~<>=!*|,@:/+\-\[\]()#${} ]*")
#: What no version holds: two words in a row.
_PROSE = re.compile(r"[^\W\d_]{2,} +[^\W\d_]{2,}")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_ENTRY = re.compile(r"[@\w][\w.@/:+-]{0,60}(?: → [\w./:\[\]-]{1,100})?")


def read(language: str, text: str) -> Manifest | None:
    """Return what a manifest says.

    Args:
        language: Its language; one that is no manifest's gives None.
        text: The whole file.

    Returns:
        None for a file that cannot be read as what its name promises. Never raises.
    """
    reader = _READERS.get(language)
    if reader is None:
        return None
    try:
        found = reader(text)
    except Exception:  # half-written manifests are everyday things; their words still count
        return None
    return Manifest(
        found.name if _NAME.fullmatch(found.name) else "",
        list(dict.fromkeys(_sound(found.dependencies)))[:_MOST],
        [entry for entry in found.entries if _ENTRY.fullmatch(entry)][:_MOST],
    )


def _sound(dependencies: list[tuple[str, str, str]]) -> list[Dependency]:
    return [
        Dependency(name, kind, _version(version))
        for name, kind, version in dependencies
        if _NAME.fullmatch(name)
    ]


def _version(version: str) -> str:
    version = _CREDENTIALS.sub("", " ".join(version.split()))
    if len(version) > _LONGEST_VERSION or _PROSE.search(version):
        return "…"
    return version if _VERSION.fullmatch(version) else "…"
