"""Manifests that are read line by line: what is written in the language of their tool.

Gradle files and Gemfiles are programs; what their usual form says is read, nothing is run.
"""

from __future__ import annotations

import re

from rtkq.extract.manifests.documents import Found, requirement

_RUNTIME, _DEV = "runtime", "dev"

_GO_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w.~-]+(?:/[\w.~-]+)*)\s+(v[\w.+-]+)\s*(//.*)?$")
_GO_BLOCK = re.compile(r"^\s*(\w+)\s*\(")

_GRADLE = re.compile(
    r"""^\s*(?P<configuration>\w*(?:implementation|api|compile|compileonly|runtimeonly|kapt|ksp
        |annotationprocessor|classpath))\b\s*\(?\s*(?:platform\s*\(\s*)?
        ["'](?P<name>[^"':\s]+:[^"':\s]+)(?::(?P<version>[^"'@\s]+))?""",
    re.IGNORECASE | re.VERBOSE,
)
_GRADLE_BUILD = ("compileonly", "kapt", "ksp", "annotationprocessor", "classpath")

_GEM = re.compile(r"^\s*gem\s*\(?\s*[\"']([^\"']+)[\"']((?:\s*,\s*[\"'][^\"']*[\"'])*)(.*)")
_GROUP = re.compile(r"^\s*group\b(.*)\bdo\b")
_OPENS = re.compile(r"\bdo\b|^\s*if\b")
_QUOTED = re.compile(r"[\"']([^\"']*)[\"']")
_DEVELOPMENT = re.compile(r"\b(?:development|test)\b")


def requirements(text: str) -> Found:
    """Read requirements.txt; options, addresses and included files are left out."""
    return _requirements(text, _RUNTIME)


def requirements_dev(text: str) -> Found:
    """Read a requirements file whose name says that it is for development."""
    return _requirements(text, _DEV)


def _requirements(text: str, kind: str) -> Found:
    stripped = (line.partition(" #")[0].strip() for line in text.splitlines())
    written = (line for line in stripped if line[:1].isalnum() and "://" not in line.split("@")[0])
    return Found("", [requirement(line.split(" --")[0], kind) for line in written], [])


def gomod(text: str) -> Found:
    """Read go.mod: what is required, in blocks and alone; replacements are left out."""
    name, block, found = "", "", []
    for line in text.splitlines():
        opening = _GO_BLOCK.match(line)
        if opening:
            block = opening[1]
        elif line.strip() == ")":
            block = ""
        elif line.startswith("module "):
            name = line.split()[1].strip('"')
        elif block == "require" or line.startswith("require "):
            match = _GO_REQUIRE.match(line)
            if match:
                is_indirect = "indirect" in (match[3] or "")
                found.append((match[1], "indirect" if is_indirect else _RUNTIME, match[2]))
    return Found(name, found, [])


def gradle(text: str) -> Found:
    """Read build.gradle in Groovy or Kotlin: dependencies given as "group:name:version"."""
    found = []
    for line in text.splitlines():
        match = _GRADLE.match(line)
        if match:
            kind = _gradle_kind(match["configuration"].lower())
            found.append((match["name"], kind, match["version"] or ""))
    return Found("", found, [])


def _gradle_kind(configuration: str) -> str:
    if "test" in configuration or configuration.startswith("debug"):
        return _DEV
    return "build" if configuration.endswith(_GRADLE_BUILD) else _RUNTIME


def bundler(text: str) -> Found:
    """Read a Gemfile: gems, and the groups that make them a matter of development."""
    found = []
    blocks: list[bool] = []
    for line in text.splitlines():
        code = line.partition("#")[0]
        gem, group = _GEM.match(code), _GROUP.match(code)
        if gem:
            is_dev = any(blocks) or bool(_DEVELOPMENT.search(gem[3]))
            version = ", ".join(_QUOTED.findall(gem[2]))
            found.append((gem[1], _DEV if is_dev else _RUNTIME, version))
        elif group:
            blocks.append(bool(_DEVELOPMENT.search(group[1])))
        elif _OPENS.search(code):
            blocks.append(False)
        elif code.strip() == "end" and blocks:
            blocks.pop()
    return Found("", found, [])
