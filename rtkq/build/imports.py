"""From imports to files, first half: what a file can be asked for, and what it asks for.

A file's *module* is its path read backwards, below the name of its family of languages:
``src/click/core.py`` is ``py:core/click/src/``. So a suffix of paths is a prefix of modules, and
an index finds it. What an import asks for is a *spec*, a sign and such a name:

    =js:login/web/            exactly this module: relative imports, Rust's paths
    ~py:core/click/           a module that begins so: absolute imports, included headers
    ^py:click/                the same for one name alone: only where imports start from
    >go:gin/gin-gonic/...     the longest module that this begins with: Go's package folders
    @core.py                  a source file of this name: what a test's name says it covers

An import may have several attempts; the first one that finds a file counts. Nothing here knows
which files there are: a spec is a function of the importing file alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

from rtkq.build.roles import role_of
from rtkq.recall.layout import ROLE_TEST

EXACT, SUFFIX, ROOTED, LONGEST, NAMED = "=~^>@"

_FAMILIES = {
    "c": "c",
    "cpp": "c",
    "go": "go",
    "java": "jvm",
    "javascript": "js",
    "kotlin": "jvm",
    "lua": "lua",
    "php": "php",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "scala": "jvm",
    "tsx": "js",
    "typescript": "js",
}
#: Texts that JavaScript imports, with their suffix.
_COMPONENT = re.compile(r"\.(?:vue|svelte|astro)$")
_SCRIPT_SUFFIX = re.compile(r"(?:\.d)?\.(?:[cm]?[jt]s|[jt]sx)$")
#: The file that stands for its folder.
_FOLDER_FILES = {"js": "index", "py": "__init__", "rs": "mod"}

_GO_OWN = frozenset(
    """archive bufio builtin bytes cmp compress container context crypto database debug embed
    encoding errors expvar flag fmt go hash html image index io iter log maps math mime net os
    path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing
    text time unicode unique unsafe weak C""".split()  # noqa: SIM905
)
_JVM_OWN = re.compile(r"(?:java|javax|jdk|sun|kotlin|kotlinx|scala|android|androidx)\.")
_C_OWN = re.compile(
    r"""(?:assert|ctype|errno|fcntl|float|inttypes|limits|locale|math|memory|netdb|poll|pthread
        |pwd|sched|setjmp|signal|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string
        |strings|syslog|termios|time|unistd|wchar|wctype|windows)\.h | [^./]+
      | (?:sys|arpa|netinet|linux|bits|asm)/.*""",
    re.VERBOSE,
)
#: So many parts at the end of a path may name something within a module.
_RUST_CUTS = 3
_RUST_OWN = frozenset(("std", "core", "alloc", "proc_macro", "test"))
_RUST_ROOTS = frozenset(("main", "lib", "mod", "build"))
_RUST_ROOT_FOLDERS = frozenset(("tests", "benches", "examples", "bin"))

_AFFIX = re.compile(
    r"""^(?:tests?[_-] | spec_ | Test(?=[A-Z]))
      | (?:[._-](?:tests?|specs?|bench|e2e|unit|integration) | Tests? | Spec | IT | TestCase)$""",
    re.VERBOSE,
)
#: Files among tests that test nothing by their name.
_SUPPORT = frozenset(
    "__init__ common conftest helper helpers index main mod setup util utils".split()  # noqa: SIM905
)
_SCRIPTS = ("ts", "tsx", "js", "jsx", "mjs", "vue", "svelte")
_C_SOURCES = ("cc", "cpp", "c", "h", "hpp")
_JVM_SOURCES = ("java", "kt", "scala")


def module_of(path: str, language: str) -> str:
    """Return the module of the file at *path*, or nothing where none can be asked for."""
    family = "js" if _COMPONENT.search(path) else _FAMILIES.get(language, "")
    parts = path.split("/")
    if family == "go":
        parts = [] if path.endswith("_test.go") else parts[:-1]
    elif family not in ("", "c") and not _COMPONENT.search(path):
        parts[-1] = _stem(family, parts[-1])
        if parts[-1] == _FOLDER_FILES.get(family):
            parts.pop()
    return _module(family, parts) if family and parts else ""


def specs(path: str, language: str, imports: list[str]) -> list[list[str]]:
    """Return what the file at *path* asks for: for each import its attempts, each once.

    Args:
        path: Of the importing file.
        language: Of the importing file.
        imports: Modules as facts name them.
    """
    read = _READERS.get(_FAMILIES.get(language, ""))
    groups = [read(path, name) for name in dict.fromkeys(imports)] if read else []
    groups.append(_by_name(path) if language in _FAMILIES and role_of(path) == ROLE_TEST else [])
    return [list(dict.fromkeys(group)) for group in groups if group]


def prefixes(module: str) -> Iterator[str]:
    """Return the beginnings of *module*, shortest first: what suffixes of its path look like."""
    at = module.find("/")
    while at >= 0:
        yield module[: at + 1]
        at = module.find("/", at + 1)


def _stem(family: str, name: str) -> str:
    return _SCRIPT_SUFFIX.sub("", name) if family == "js" else name.rpartition(".")[0] or name


def _module(family: str, parts: list[str]) -> str:
    return f"{family}:" + "".join(f"{part}/" for part in reversed(parts))


def _beside(path: str, name: str) -> list[str] | None:
    """Return the parts of *name* looked for beside *path*; None where it leaves the project."""
    parts = path.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _exact(family: str, parts: list[str] | None) -> list[str]:
    return [EXACT + _module(family, parts)] if parts else []


def _suffix(family: str, parts: list[str]) -> list[str]:
    """Ask for a path that ends so; one name alone says too little."""
    return [SUFFIX + _module(family, parts)] if len(parts) > 1 else []


def _python(path: str, name: str) -> list[str]:
    parts = name.lstrip(".").split(".")
    dots = len(name) - len(name.lstrip("."))
    if dots:
        above = "../" * (dots - 1)
        return _exact("py", _beside(path, above + "/".join(filter(None, parts))))
    if parts[0] in sys.stdlib_module_names:
        return []
    return _suffix("py", parts) or [ROOTED + _module("py", parts)]


def _script(path: str, name: str) -> list[str]:
    name = _SCRIPT_SUFFIX.sub("", name)
    if name.startswith("."):
        return _exact("js", _without_index(_beside(path, name)))
    if ":" in name:
        return []
    scope, _, rest = name.partition("/")
    if scope in ("@", "~"):
        return [SUFFIX + _module("js", rest.split("/"))] if rest else []
    if scope.startswith("@"):  # a package of the same workspace, by its folder
        return _suffix("js", [*rest.split("/"), "src"])
    return _suffix("js", name.split("/"))


def _without_index(parts: list[str] | None) -> list[str] | None:
    return parts[:-1] if parts and parts[-1] == "index" else parts


def _go(_path: str, name: str) -> list[str]:
    parts = name.split("/")
    return [] if parts[0] in _GO_OWN else [LONGEST + _module("go", parts)]


def _rust(path: str, name: str) -> list[str]:
    base, parts = _rust_place(path, *name.split("::"))
    # The last parts are mostly names within the module.
    ends = range(len(parts), max(0, len(parts) - _RUST_CUTS), -1)
    return [spec for end in ends for spec in _exact("rs", base + parts[:end])]


def _rust_place(path: str, first: str, *rest: str) -> tuple[list[str], list[str]]:
    """Return the folder that a Rust path starts from, and its parts below; none elsewhere."""
    *folder, name = path.split("/")
    parts = list(rest)
    outside = [at for at, part in enumerate(folder) if part in _RUST_ROOT_FOLDERS]
    is_root = _stem("rs", name) in _RUST_ROOTS or outside[-1:] == [len(folder) - 1]
    own = folder if is_root else [*folder, _stem("rs", name)]
    if first == "self":
        return own, parts
    if first == "super":
        above = 1 + next((at for at, part in enumerate(parts) if part != "super"), len(parts))
        return own[: max(0, len(own) - above)], parts[above - 1 :]
    if "src" in folder:
        root = folder[: len(folder) - folder[::-1].index("src")]
        if first == "crate":
            return root, parts
        return root, [first, *parts] if is_root and folder == root else []
    if first == "crate":
        return folder, parts
    # Tests and examples use their crate under its own name, which only its manifest knows.
    is_foreign = first in _RUST_OWN or not outside
    return ([], []) if is_foreign else ([*folder[: outside[0]], "src"], parts)


def _jvm(_path: str, name: str) -> list[str]:
    if _JVM_OWN.match(name):
        return []
    parts = name.split(".")
    found = _suffix("jvm", parts)
    if len(parts) > 2 and parts[-2][:1].isupper():  # a member or an inner class
        found += _suffix("jvm", parts[:-1])
    return found


def _c(path: str, name: str) -> list[str]:
    if _C_OWN.fullmatch(name):
        return []
    return [*_exact("c", _beside(path, name)), SUFFIX + _module("c", _plain(name))]


def _plain(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".", "..")]


def _slashed(family: str, separator: str) -> Callable[[str, str], list[str]]:
    def read(path: str, name: str) -> list[str]:
        if name.startswith("./"):
            parts = _beside(path, name)
            if parts:
                parts[-1] = _stem(family, parts[-1])
            return _exact(family, parts)
        return _suffix(family, [part for part in name.split(separator) if part])

    return read


_READERS: dict[str, Callable[[str, str], list[str]]] = {
    "c": _c,
    "go": _go,
    "js": _script,
    "jvm": _jvm,
    "lua": _slashed("lua", "."),
    "php": _slashed("php", "\\"),
    "py": _python,
    "rb": _slashed("rb", "/"),
    "rs": _rust,
}


def _by_name(path: str) -> list[str]:
    """Return the names that the source covered by the test at *path* may have."""
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    bare = _AFFIX.sub("", stem)
    if not bare or (bare == stem and stem.lower() in _SUPPORT):
        return []
    related = next((one for one in (_SCRIPTS, _C_SOURCES, _JVM_SOURCES) if suffix in one), ())
    return [f"{NAMED}{bare}.{one}".lower() for one in (suffix, *related)]
