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
from typing import Annotated

import msgspec

from rtkq.errors import ConfigError

FILE = "rtkq.toml"
_LARGEST_BYTES = 64 * 1024
_MOST_PATTERNS = 100
_LONGEST_PATTERN = 200
#: Each run of stars multiplies the ways in which a name may be matched.
_MOST_STARS = 3
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC

_Pattern = Annotated[str, msgspec.Meta(max_length=_LONGEST_PATTERN)]


class IgnoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What does not belong to the project."""

    #: Patterns as in ``.gitignore``, seen from the root.
    paths: Annotated[tuple[_Pattern, ...], msgspec.Meta(max_length=_MOST_PATTERNS)] = ()


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a repository may ask for."""

    ignore: IgnoreSettings = IgnoreSettings()


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
    for pattern in found.ignore.paths:
        if len(re.findall(r"\*+", pattern)) > _MOST_STARS:
            raise ConfigError(
                f"{file} has no effect: {pattern!a} has more than {_MOST_STARS} stars",
                "split it into several patterns",
            )
    return found


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
