"""``rtkq.toml`` at a project's root: the few settings that a repository may give.

It came with the code of a stranger, so it is read like one: a regular file of bounded size, only
the keys below, and patterns that cannot keep a processor busy. A wrong file has no effect at all;
`rtkq doctor` says what is wrong with it.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from typing import Annotated, Literal

import msgspec

from rtkq.errors import ConfigError
from rtkq.extract.languages import NAMED

FILE = "rtkq.toml"
_LARGEST_BYTES = 64 * 1024
_MOST_PATTERNS = 100
_MOST_SUFFIXES = 100
#: Less would hold no file; as for ``rtkq plan --budget``.
_LEAST_TOKENS = 50
_LONGEST_PATTERN = 200
#: Each run of stars multiplies the ways in which a name may be matched.
_MOST_STARS = 3
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC

_Pattern = Annotated[str, msgspec.Meta(max_length=_LONGEST_PATTERN)]
_Suffix = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_+-]{1,16}$")]


class IgnoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What does not belong to the project."""

    #: Patterns as in ``.gitignore``, seen from the root.
    paths: Annotated[tuple[_Pattern, ...], msgspec.Meta(max_length=_MOST_PATTERNS)] = ()


class ExtractSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How files are read."""

    #: Languages by suffix, for suffixes of which rtkq knows none or another one.
    languages: Annotated[dict[_Suffix, str], msgspec.Meta(max_length=_MOST_SUFFIXES)] = {}


class HookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the hook."""

    #: Upper bound of a context in tokens, where the user's own is not lower; 0 for none.
    budget_tokens: Annotated[int, msgspec.Meta(ge=_LEAST_TOKENS)] | Literal[0] = 0


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a repository may ask for."""

    ignore: IgnoreSettings = IgnoreSettings()
    extract: ExtractSettings = ExtractSettings()
    hook: HookSettings = HookSettings()

    @property
    def told(self) -> str:
        """What a memory depends on of this, as text; empty where it is nothing.

        The patterns are not part of it: which files there are is compared with the disk anyway.
        """
        languages = [f"{suffix}={one}" for suffix, one in sorted(self.extract.languages.items())]
        tokens = self.hook.budget_tokens
        return ",".join([*languages, f"{tokens} tokens"] if tokens else languages)


def wishes(root: str) -> Wishes:
    """Return what the repository at *root* asks for, nothing where it has no such file.

    Raises:
        ConfigError: The file cannot be read, or holds anything else.
    """
    file = f"{root}/{FILE}"
    try:
        found = msgspec.convert(tomllib.loads(_text(file)), Wishes)
    except FileNotFoundError:
        return Wishes()
    # tomllib runs out of stack over nested brackets.
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"{file} has no effect: {error}", "docs/reference/settings.md lists what it may hold"
        ) from error
    _check(found, file)
    return found


def _check(found: Wishes, file: str) -> None:
    for pattern in found.ignore.paths:
        if len(re.findall(r"\*+", pattern)) > _MOST_STARS:
            raise ConfigError(
                f"{file} has no effect: {pattern!a} has more than {_MOST_STARS} stars",
                "split it into several patterns",
            )
    for language in found.extract.languages.values():
        if language not in NAMED:
            raise ConfigError(
                f"{file} has no effect: rtkq reads no language called {language[:20]!a}",
                f"it reads {', '.join(sorted(NAMED))}",
            )


def believed(root: str) -> Wishes:
    """Return what the repository at *root* asks for, nothing where its file is wrong."""
    try:
        return wishes(root)
    except ConfigError:
        return Wishes()


def _text(file: str) -> str:
    descriptor = os.open(file, _OPEN)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_BYTES:
            raise ValueError(f"it is no regular file of at most {_LARGEST_BYTES} bytes")
        return stream.read(_LARGEST_BYTES).decode()
