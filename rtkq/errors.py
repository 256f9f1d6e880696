"""What rtkq raises on purpose.

    RtkqError
    ├── ConfigError        a setting is unknown, has the wrong type or cannot be read
    ├── ProjectError       a path is no project rtkq can serve
    ├── HomeError          $RTKQ_HOME cannot be used
    ├── StoreError         a database of rtkq cannot be read or written
    │   ├── StoreBusy      a lock outlasted the busy timeout; try again
    │   ├── StoreDamaged   the file is not what we wrote; set it aside and rebuild
    │   ├── StoreFull      the disk or a quota is full
    │   └── StoreGone      what was being read was dropped meanwhile; look where it is now
    ├── ServiceError       what keeps services on this system is missing or refused
    ├── ExtraMissing       a part of rtkq needs packages that are not installed
    ├── AgentError         an agent's settings cannot be read or changed
    ├── UsageError         a command was called in a way it does not know
    ├── MirrorError        a remote cannot be fetched, or what was fetched not be checked out
    ├── LeaseLost          another worker took over; what this one built must not be published
    └── Timeout            what was waited for did not happen in time

Every message says what was attempted and on what; *hint* says what the user can do.
"""

from __future__ import annotations


class RtkqError(Exception):
    """Something rtkq could not do, told in words for the user.

    Args:
        message: What was attempted, on what, and why it failed.
        hint: What the user can do about it; may be empty.
    """

    kind = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(RtkqError):
    """A setting is unknown, has the wrong type or cannot be read."""

    kind = "config"


class ProjectError(RtkqError):
    """A path is no project rtkq can serve."""

    kind = "project"


class HomeError(RtkqError):
    """The folder for everything rtkq stores cannot be used."""

    kind = "home"


class StoreError(RtkqError):
    """A database of rtkq cannot be read or written."""

    kind = "store"


class StoreBusy(StoreError):
    """A lock outlasted the busy timeout."""

    kind = "busy"


class StoreDamaged(StoreError):
    """A database is damaged or of a version this program does not know."""

    kind = "damaged"


class StoreFull(StoreError):
    """The disk or a quota is full; nothing was published."""

    kind = "full"


class StoreGone(StoreError):
    """What was being read was dropped meanwhile; its successor is there."""


class ServiceError(RtkqError):
    """What keeps services on this system is missing or refused."""

    kind = "service"


class ExtraMissing(RtkqError):
    """A part of rtkq needs packages that are not installed.

    Args:
        part: What the user asked for, such as ``rtkq serve``.
        extra: The extra of the package that brings what it needs.
        missing: The first package that was not found.
    """

    kind = "extra"

    def __init__(self, part: str, extra: str, missing: str) -> None:
        super().__init__(
            f"{part} needs the package {missing}, which is not installed",
            f"install rtkq with it, in its checkout: uv tool install '.[{extra}]',"
            f" pipx install --force '.[{extra}]' or pip install '.[{extra}]'",
        )


class AgentError(RtkqError):
    """An agent's settings cannot be read or changed."""

    kind = "agent"


class UsageError(RtkqError):
    """A command was called in a way it does not know."""

    kind = "usage"


class MirrorError(RtkqError):
    """A remote could not be fetched, or what was fetched could not be checked out."""

    kind = "mirror"


class LeaseLost(RtkqError):
    """Another worker took the lease over; this one must not publish."""

    kind = "lease"


class Timeout(RtkqError):
    """What was waited for did not happen in time."""

    kind = "timeout"
