"""Grants in a file of the home, for a daemon that answers others without a team's database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from rtkq import paths
from rtkq.access import Grant
from rtkq.errors import StoreDamaged
from rtkq.store.database import private_folder

_CLOSED_TO_OTHERS = 0o600


class LocalGrants:
    """The grants under one home; a `GrantStore`."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._file = paths.grants_file(home)

    def add(self, grant: Grant) -> bool:
        """Store *grant*; return False, and change nothing, where its name is taken."""
        return self._changed(
            lambda grants: (
                None if any(one.name == grant.name for one in grants) else [*grants, grant]
            )
        )

    def remove(self, name: str) -> bool:
        """Delete the grant of this *name*; return whether there was one."""
        return self._changed(
            lambda grants: (
                [one for one in grants if one.name != name]
                if any(one.name == name for one in grants)
                else None
            )
        )

    def grants(self) -> list[Grant]:
        """Return all grants, by name.

        Raises:
            StoreDamaged: The file holds something else.
        """
        try:
            with open(self._file, "rb") as stream:
                found = msgspec.json.decode(stream.read(), type=list[Grant])
        except FileNotFoundError:
            return []
        except (msgspec.MsgspecError, ValueError) as error:
            raise StoreDamaged(
                f"{self._file} cannot be understood: {error}",
                "delete it, and add the tokens again: rtkq token",
            ) from None
        return sorted(found, key=lambda one: one.name)

    def close(self) -> None:
        """Do nothing: the file is open only while it is read."""

    def _changed(self, change: Callable[[list[Grant]], list[Grant] | None]) -> bool:
        with self._locked():
            grants = change(self.grants())
            if grants is not None:
                self._write(grants)
        return grants is not None

    def _write(self, grants: list[Grant]) -> None:
        fresh = f"{self._file}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _CLOSED_TO_OTHERS)
        with open(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(grants))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(fresh, self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        file = paths.lock_file(self._home, "grants")
        private_folder(os.path.dirname(file))
        with open(file, "wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield
