"""Who may ask a daemon that answers others: tokens of access, and what each lets its bearer see.

Nobody keeps a token but its bearer: what is stored is a hash of it. A token is 256 random bits,
so none can be found that fits a hash. A slow hash, as for passwords, would protect nothing more,
and every request would pay for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase
from typing import Protocol

import msgspec

#: Scanners for secrets find a token that was published by mistake by this.
_PREFIX = "rtkq_"
_RANDOM_BYTES = 32


class Role(Enum):
    """What a caller may do at all."""

    #: Everything: the user whose daemon it is.
    OWNER = "owner"
    #: Ask about the projects that the grant names.
    READER = "reader"
    #: Announce that projects changed, and nothing else.
    WEBHOOK = "webhook"
    #: Has shown nothing.
    STRANGER = "stranger"


class Caller(msgspec.Struct, frozen=True):
    """Who sends a request, as far as that matters."""

    role: Role
    #: Patterns of the projects that exist for this caller; empty for all.
    projects: tuple[str, ...] = ()

    def sees(self, project: str) -> bool:
        """Return whether *project*, a root or a normalised remote, exists for this caller."""
        if self.role is Role.STRANGER:
            return False
        return not self.projects or any(fnmatchcase(project, one) for one in self.projects)


OWNER = Caller(Role.OWNER)
STRANGER = Caller(Role.STRANGER)


class Grant(msgspec.Struct, frozen=True):
    """What one token allows; the token itself is nowhere."""

    #: Of the user, team or program it was given to; no two grants have the same.
    name: str
    #: Hash of the token, in hexadecimal digits.
    digest: str
    role: Role
    #: Patterns of projects, as the shell writes them, but ``*`` matches ``/`` too; empty for all.
    projects: tuple[str, ...]
    #: Instants, in seconds since the epoch; 0 for never.
    created_at: int
    expires_at: int = 0

    def is_valid(self, now: float) -> bool:
        """Return whether it has not expired at *now*, seconds since the epoch."""
        return not self.expires_at or now < self.expires_at

    @property
    def caller(self) -> Caller:
        """Who bears its token."""
        return Caller(self.role, self.projects)


class GrantStore(Protocol):
    """Where grants lie."""

    def add(self, grant: Grant) -> bool:
        """Store *grant*; return False, and change nothing, where its name is taken."""

    def remove(self, name: str) -> bool:
        """Delete the grant of this *name*; return whether there was one."""

    def grants(self) -> list[Grant]:
        """Return all grants, by name."""

    def close(self) -> None:
        """Give back what reading has opened."""


def new_token() -> str:
    """Return a token that nobody has seen."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(token: str) -> str:
    """Return the hash by which *token* is known."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def is_same(shown: str, token: str) -> bool:
    """Return whether both are the same, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(digest_of(shown), digest_of(token))


def granted(shown: str, grants: Iterable[Grant], now: float) -> Grant | None:
    """Return the grant that the bearer of *shown* has; None if there is none, or none any more.

    All are compared, each in the same time, so how long it takes tells nothing.
    """
    digest = digest_of(shown)
    found = [one for one in grants if hmac.compare_digest(one.digest, digest)]
    return next((one for one in found if one.is_valid(now)), None)
