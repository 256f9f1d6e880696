"""Which language a path is read as, and which version of its extractor is in force.

The only place of the package that looks at paths, and it looks at the name alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from rtkq.extract.private import is_private

#: Textual files without a grammar here: indexed by their words.
TEXT = "text"

_LANGUAGE_OF_SUFFIX = {
    suffix: language
    for language, suffixes in {
        "bash": "sh bash zsh ksh bats",
        "c": "c h",
        "cpp": "cc cpp cxx c++ hh hpp hxx h++ ipp inl tpp cu cuh ino",
        "csharp": "cs csx",
        "go": "go",
        "java": "java",
        "javascript": "js jsx mjs cjs",
        "kotlin": "kt kts",
        "lua": "lua",
        "php": "php phtml php5 php7",
        "python": "py pyi pyw bzl star",
        "ruby": "rb rake gemspec ru podspec",
        "rust": "rs",
        "scala": "scala sc sbt",
        "swift": "swift",
        "tsx": "tsx",
        "typescript": "ts mts cts",
        TEXT: (
            "adoc asciidoc asm astro awk bat cfg clj cljc cljs cmake cmd conf css dart ejs el "
            "elm erb erl ex exs f90 feature fish fs fsx gql gradle graphql groovy haml "
            "handlebars hbs hcl hrl hs htm html ini j2 jinja jinja2 jl json json5 jsonc less "
            "liquid lisp m markdown md mdx mk ml mli mm nim nix org pas pl pm prisma "
            "properties proto ps1 psm1 pug puppet pxd pyx r rmd rst s sass scm scss sol sql "
            "styl sv svelte tcl tex tf thrift tmpl toml twig txt v vb vhd vim vue xaml xml "
            "xsd yaml yml zig"
        ),
    }.items()
    for suffix in suffixes.split()
}

_LANGUAGE_OF_NAME = {
    ".bash_profile": "bash",
    ".bashrc": "bash",
    ".profile": "bash",
    ".zshrc": "bash",
    "build": "python",
    "containerfile": TEXT,
    "dockerfile": TEXT,
    "gnumakefile": TEXT,
    "jenkinsfile": TEXT,
    "justfile": TEXT,
    "makefile": TEXT,
    "changelog": TEXT,
    "changes": TEXT,
    "contributing": TEXT,
    "news": TEXT,
    "pkgbuild": "bash",
    "podfile": "ruby",
    "procfile": TEXT,
    "rakefile": "ruby",
    "readme": TEXT,
    "todo": TEXT,
    "vagrantfile": "ruby",
    "workspace": "python",
}

#: Manifests: read for what a project depends on as well. Each is a language of its own, for
#: facts are known by content and language, never by name.
_MANIFEST_OF_NAME = {
    "build.gradle": "gradle",
    "build.gradle.kts": "gradle_kts",
    "cargo.toml": "cargo",
    "composer.json": "composer",
    "gemfile": "bundler",
    "go.mod": "gomod",
    "package.json": "npm",
    "pom.xml": "maven",
    "pyproject.toml": "pyproject",
}
_MANIFEST_OF_SUFFIX = {"csproj": "dotnet", "fsproj": "dotnet", "vbproj": "dotnet"}
_REQUIREMENTS = re.compile(r"(?P<before>[\w-]*)requirements(?P<after>[\w.-]*)\.(?:txt|in)")
_DEVELOPMENT = re.compile(r"dev|test|lint|doc|build|ci|typing")
#: What the whole text of a manifest is written in, where that is more than words.
_WRITTEN_IN = {"bundler": "ruby", "gradle_kts": "kotlin"}

#: Never read whatever their suffix says: lock files, what a bundler wrote.
_NEVER = re.compile(
    r"""
      .*[.-]lock(?:\.json|\.ya?ml)? | npm-shrinkwrap\.json | go\.sum
    | .*[.-]min\.[a-z]+ | .*\.(?:map|bundle\.js)
    """,
    re.VERBOSE,
)

#: Raise it when chunks, words or skipping change: the facts of every language are then made anew.
_SHARED_VERSION = 1

#: Raise a language's number when its query, its grammar wheel or its visibility rule changes.
#: C++ counts for "c" too, which reads C++ headers, and JavaScript for TypeScript.
_VERSIONS = {
    "bash": 1,
    "c": 2,
    "cpp": 2,
    "csharp": 1,
    "go": 2,
    "java": 2,
    "javascript": 2,
    "kotlin": 1,
    "lua": 1,
    "php": 1,
    "python": 2,
    "ruby": 1,
    "rust": 2,
    "scala": 1,
    "swift": 1,
    TEXT: 1,
    "tsx": 2,
    "typescript": 2,
}

#: Raise a manifest's number when its reader changes.
_MANIFEST_VERSIONS = {
    "bundler": 1,
    "cargo": 1,
    "composer": 1,
    "dotnet": 1,
    "gomod": 1,
    "gradle": 1,
    "gradle_kts": 1,
    "maven": 1,
    "npm": 1,
    "pyproject": 1,
    "requirements": 1,
    "requirements_dev": 1,
}

#: Languages that a repository may name for suffixes of its own: grammars, and words alone.
NAMED = frozenset(_VERSIONS)

_NONE: Mapping[str, str] = MappingProxyType({})

#: Every language extract() knows.
LANGUAGES = frozenset(_VERSIONS) | frozenset(_MANIFEST_VERSIONS)

#: Those of them that name dependencies.
MANIFESTS = frozenset(_MANIFEST_VERSIONS)


def language_of(path: str, own: Mapping[str, str] = _NONE) -> str | None:
    """Return the language a file is read as, by its name alone.

    Args:
        path: Path with "/" between its parts; only the last one counts.
        own: Languages by suffix (lower case, without dot) that the repository asks for; they go
            before ours, but open nothing that is never read.

    Returns:
        One of LANGUAGES, "text" for textual files indexed by words alone, None for files that
        are never read: secrets, lock files, minified bundles, images, archives, unknown kinds.
    """
    name = path.rpartition("/")[2].lower()
    if _NEVER.fullmatch(name) or is_private(path):
        return None
    stem, dot, suffix = name.rpartition(".")
    manifest = _manifest_of(name, suffix)
    if manifest is not None:
        return manifest
    if name in _LANGUAGE_OF_NAME:
        return _LANGUAGE_OF_NAME[name]
    if stem.startswith(("dockerfile", "makefile")) or name.startswith("dockerfile."):
        return TEXT
    return own.get(suffix) or _LANGUAGE_OF_SUFFIX.get(suffix) if dot and stem else None


def _manifest_of(name: str, suffix: str) -> str | None:
    requirements = _REQUIREMENTS.fullmatch(name)
    if requirements:
        is_development = _DEVELOPMENT.search(requirements["before"] + requirements["after"])
        return "requirements_dev" if is_development else "requirements"
    return _MANIFEST_OF_NAME.get(name) or _MANIFEST_OF_SUFFIX.get(suffix)


def written_in(language: str) -> str:
    """Return the language whose grammar and comments a file of *language* follows."""
    return _WRITTEN_IN.get(language, TEXT if language in MANIFESTS else language)


def version_of(language: str) -> int:
    """Return the version of a language's extractor; facts of another version are to be remade.

    Raises:
        KeyError: *language* is none of LANGUAGES.
    """
    if language in MANIFESTS:
        own = 100 * _MANIFEST_VERSIONS[language] + _VERSIONS[written_in(language)]
    else:
        own = _VERSIONS[language]
    return _SHARED_VERSION * 1000 + own
