"""Stage the hook under ``$RTKQ_HOME/hook/``: what an agent's settings point to.

An installed package is no place to start from a hundred times a minute: its entry points load
half of the standard library, and an upgrade swaps files under a running session. So the modules
of the hook are compiled into one file in a folder of its own, named by what it contains::

    hook/rtkq-hook                      the command; finds nothing, just starts the interpreter
    hook/settings                       flat settings, one a line
    hook/<version>-<python>-<digest>/   start.pyc, which is run, and what its modules read, each
                                        file where it would lie beside them

Everything appears by rename, so a spawn in the middle of an upgrade sees the old or the new.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import marshal
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import rtkq
import rtkq_hooks
from rtkq import paths
from rtkq.config import Settings

#: What the hook imports of the package ``rtkq``; all of ``rtkq_hooks`` comes along.
_CHOSEN = (
    "__init__.py",
    "paths.py",
    "receipts.py",
    "recall",
    "russian.py",
    "russian.tsv",
    "words.py",
)
_LOADER = "rtkq_hooks/loader.py"
#: What every call needs, each after what it imports; a test holds it to what is loaded.
AT_START = (
    "rtkq",
    "rtkq.paths",
    "rtkq.receipts",
    "rtkq.words",
    "rtkq_hooks",
    "rtkq_hooks.engine",  # loads SQLite, before recall does
    "rtkq_hooks.main",
    "rtkq.recall.disk",
    "rtkq.recall.layout",
    "rtkq.recall.queries",
    "rtkq.recall.memory",
    "rtkq.recall.question",
    "rtkq.recall.rank",
    "rtkq.recall.render",
    "rtkq.recall.covering",
    "rtkq.recall",
    "rtkq_hooks.envelope",
    "rtkq_hooks.blocks",
    "rtkq_hooks.checkout",
    "rtkq_hooks.spawns",
    "rtkq_hooks.calls",
    "rtkq_hooks.claude_code",
)
#: What this line asks for is asked of the compiler instead: at run time it would cost a look at
#: the disk, a hundredth of the whole call.
_FUTURE = b"from __future__ import annotations\n"
_WITHOUT_DOCSTRINGS = 2
_COMMAND = "rtkq-hook"
_SETTINGS = "settings"
_KEPT_S = 24 * 3600
#: Digest of the other files of a bundle.
_SEAL = "seal"
#: Run as a program, or by the shell that a client has started anyway, which saves a second one;
#: that one has no arguments to give. UTF-8 whatever the locale: paths are bytes to all of us, and
#: to load what the locale says takes a hundredth of the whole call.
_SCRIPT = """\
#!/bin/sh
[ -x {python} ] && [ -r {start} ] &&
  {python} -I -S -X utf8 {start} "${{1:-$RTKQ_AGENT}}" 2>/dev/null
exit 0
"""


def stage(home: str, settings: Settings) -> None:
    """Put the hook of this version in place; next to nothing to do when it is there.

    Call it whenever the settings may have changed.

    Args:
        home: ``$RTKQ_HOME``; made if it is not there.
        settings: The settings the hook is to act on.

    Raises:
        OSError: The folder cannot be written.
    """
    hook = Path(paths.hook_folder(home))
    for folder in (Path(home), hook):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sources = dict(_sources())
    bundle = hook / _name(sources)
    if not _is_whole(bundle):
        shutil.rmtree(bundle, ignore_errors=True)
        _build(bundle, sources)
    _replace(hook / _SETTINGS, _lines(home, settings), 0o600)
    if _replace(hook / _COMMAND, _script(bundle), 0o700):
        _retire_others(bundle)
    _remove_retired(bundle)


def is_staged(home: str, settings: Settings) -> bool:
    """Return whether what agents run is there, whole, of this version and with these settings."""
    hook = Path(paths.hook_folder(home))
    bundle = hook / _name(dict(_sources()))
    wanted = {_COMMAND: _script(bundle), _SETTINGS: _lines(home, settings)}
    try:
        is_there = all(
            _content(text) == (hook / name).read_bytes() for name, text in wanted.items()
        )
    except OSError:
        return False
    return is_there and os.access(hook / _COMMAND, os.X_OK) and _is_whole(bundle)


def command(home: str) -> str:
    """Return the path of the command that agents run; the client's name is its argument."""
    return f"{paths.hook_folder(home)}/{_COMMAND}"


def flat(home: str, settings: Settings) -> dict[str, str]:
    """Return what the hook needs of the *settings*, as it reads them."""
    return {
        "home": home,
        "deadline_ms": str(settings.hook.deadline_ms),
        "budget_tokens": str(settings.hook.budget_tokens),
        "map_tokens": str(settings.hook.map_tokens),
        "exempt": ",".join(settings.policy.exempt),
        "explore": settings.policy.explore,
        "stale_after_s": str(settings.watch.stale_after_s),
    }


def _lines(home: str, settings: Settings) -> str:
    return "".join(f"{key}\t{value}\n" for key, value in flat(home, settings).items())


def _sources() -> Iterator[tuple[str, bytes]]:
    """Yield path and content of all that the hook is made of, always in the same order."""
    packages = {"rtkq": rtkq, "rtkq_hooks": rtkq_hooks}
    for name, package in packages.items():
        folder = Path(package.__path__[0])
        chosen = [folder / one for one in _CHOSEN] if name == "rtkq" else [folder]
        for file in sorted(file for top in chosen for file in _python_files(top)):
            yield f"{name}/{file.relative_to(folder).as_posix()}", file.read_bytes()


def _python_files(top: Path) -> list[Path]:
    return list(top.rglob("*.py")) if top.is_dir() else [top]


def _name(sources: dict[str, bytes]) -> str:
    digest = hashlib.sha256(repr(AT_START).encode())
    for place, text in sources.items():
        digest.update(b"%b\0%d\0%b" % (place.encode(), len(text), text))
    return f"{_version()}-{sys.implementation.cache_tag}-{digest.hexdigest()[:12]}"


def _version() -> str:
    try:
        return importlib.metadata.version("rtkq")
    except importlib.metadata.PackageNotFoundError:
        return "0"


def _build(bundle: Path, sources: dict[str, bytes]) -> None:
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=bundle.parent))
    try:
        modules = {path: text for path, text in sources.items() if _is_module(path)}
        _write(building / "start.pyc", _bytecode(modules), 0o600)
        _lay_down(building, {path: text for path, text in sources.items() if not _is_module(path)})
        _write(building / _SEAL, _seal(building).encode(), 0o600)
        building.rename(bundle)
    except OSError:
        # Whoever staged the same bundle first has left what we wanted.
        if not bundle.exists():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _is_whole(bundle: Path) -> bool:
    """Return whether what was staged is what was meant to be: a power cut may leave less."""
    try:
        sealed = (bundle / _SEAL).read_text("ascii")
        return sealed == _seal(bundle)
    except (OSError, ValueError):
        return False


def _seal(bundle: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(one for one in bundle.rglob("*") if one.is_file() and one.name != _SEAL):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_module(path: str) -> bool:
    return path.endswith(".py")


def _lay_down(folder: Path, files: dict[str, bytes]) -> None:
    """Write what the modules read to where they look for it: beside them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(mode=0o700, exist_ok=True)
        _write(folder / path, content, 0o600)


def _bytecode(sources: dict[str, bytes]) -> bytes:
    """Return the main script: the loader, with the code of all modules among its constants."""
    codes = {_module(path): _compiled(path, text) for path, text in sources.items()}
    packages = {_module(path) for path in sources if path.endswith("/__init__.py")}
    loader = codes.pop(_module(_LOADER))
    listed = tuple(
        (name, name in packages, code if name in AT_START else marshal.dumps(code))
        for name, code in codes.items()
    )
    constants = tuple((AT_START, listed) if one is ... else one for one in loader.co_consts)
    # By its hash, of which nothing is checked: there is no source to compare it with.
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    return head + marshal.dumps(loader.replace(co_consts=constants))


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _compiled(path: str, text: bytes) -> CodeType:
    code: CodeType = compile(
        text.replace(_FUTURE, b"\n"),
        path,
        "exec",
        flags=annotations.compiler_flag,
        dont_inherit=True,
        optimize=_WITHOUT_DOCSTRINGS,
    )
    return code


def interpreter() -> str:
    """Return the Python that runs the hook."""
    # The interpreter below a virtual environment starts faster and outlives it.
    return getattr(sys, "_base_executable", None) or sys.executable


def _script(bundle: Path) -> str:
    python, start = shlex.quote(interpreter()), shlex.quote(f"{bundle}/start.pyc")
    return _SCRIPT.format(python=python, start=start)


def _replace(file: Path, text: str, mode: int) -> bool:
    """Make *text* the content of *file*, and return whether it was another one before."""
    content = _content(text)
    with contextlib.suppress(FileNotFoundError):
        if file.read_bytes() == content:
            return False
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    _write(staged, content, mode)
    staged.rename(file)
    return True


def _content(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _write(file: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(file, flags, mode), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _retire_others(current: Path) -> None:
    for folder in _others(current):
        os.utime(folder)  # the age of a bundle counts from here


def _remove_retired(current: Path) -> None:
    """Remove bundles so old that no spawn can still be about to start one.

    An interpreter that misses its script exits with 2, which a client takes for a refusal.
    """
    for folder in _others(current):
        if time.time() - folder.stat().st_mtime > _KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


def _others(current: Path) -> list[Path]:
    return [folder for folder in current.parent.iterdir() if folder.is_dir() and folder != current]
