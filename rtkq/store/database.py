"""Opening SQLite files through Peewee: settings, migrations, and errors in our words."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from rtkq import drivers
from rtkq.errors import HomeError, StoreBusy, StoreDamaged, StoreError, StoreFull
from rtkq.schema import APPLICATION_ID, Schema

with drivers.left_out():
    import peewee

_SIGNS_OF_DAMAGE = (
    "malformed",
    "not a database",
    "no such table",
    "no such column",
    "corrupt",
)
#: How long a writer waits for another one, in milliseconds.
BUSY_TIMEOUT_MS = 2500
_WAL_LIMIT_BYTES = 4 * 1024 * 1024
#: With less than this SQLite cannot even make the index of a write-ahead log, in bytes.
_LEAST_FREE_BYTES = 64 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Database:
    """An open database file; a context manager that binds the models of its schema to it."""

    def __init__(self, file: str, schema: Schema) -> None:
        self.file = file
        self._schema = schema
        self._database = open_database(file, schema)
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        self._exits.enter_context(translated(self.file))
        self._exits.callback(self._database.close)
        self._exits.enter_context(self._database.bind_ctx(self._schema.models))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Give the file back, where the database was opened but not entered."""
        self._database.close()

    @property
    def connection(self) -> Any:
        """The raw connection, for bulk rows: six times faster than a model a row."""
        return self._database.connection()

    def atomic(self) -> Any:
        """Return an IMMEDIATE transaction as a context manager."""
        return self._database.atomic()


def open_database(file: str, schema: Schema) -> peewee.SqliteDatabase:
    """Open *file*, creating and migrating it as *schema* says.

    Raises:
        StoreDamaged: The file is damaged, not ours, or of a newer version than this program.
        StoreBusy: Another process held it for longer than the busy timeout.
        StoreFull: There is no room to create it.
        HomeError: Its folder cannot be written.
    """
    database = peewee.SqliteDatabase(
        file,
        pragmas={
            "busy_timeout": BUSY_TIMEOUT_MS,
            "journal_mode": "wal",
            "synchronous": "normal",
            "journal_size_limit": _WAL_LIMIT_BYTES,
        },
        lock_type="IMMEDIATE",
    )
    with translated(file):
        try:
            database.connect()
            _migrate(database, file, schema)
        except BaseException:
            database.close()
            raise
    return database


def private_folder(folder: str) -> None:
    """Create *folder* and what is missing above it, for this user alone.

    Raises:
        HomeError: It cannot be created.
    """
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error


def _migrate(database: peewee.SqliteDatabase, file: str, schema: Schema) -> None:
    if _version(database, file, schema) == schema.version:
        return
    os.chmod(file, 0o600)
    with database.atomic():
        done = _version(database, file, schema)
        for statements in schema.migrations[done:]:
            for statement in statements:
                database.execute_sql(statement)
        database.execute_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute_sql(f"PRAGMA user_version = {schema.version}")


def _version(database: peewee.SqliteDatabase, file: str, schema: Schema) -> int:
    owner = int(database.pragma("application_id"))
    version = int(database.pragma("user_version"))
    if owner == 0 and version == 0 and not database.get_tables():
        return 0
    if owner != APPLICATION_ID:
        raise StoreDamaged(f"{file} was not written by rtkq", "move it away")
    if version > schema.version:
        raise StoreDamaged(
            f"{file} is a {schema.kind} of version {version}, newer than {schema.version}",
            "update rtkq",
        )
    return version


def inode(file: str) -> int:
    """Return the number of the *file*: another one than before when somebody deleted that."""
    try:
        return os.stat(file).st_ino
    except FileNotFoundError:
        return 0


@contextmanager
def translated(file: str) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into ours, naming *file*."""
    try:
        yield
    except (peewee.PeeweeException, sqlite3.Error) as error:
        raise _translate(error, file) from error
    except OSError as error:
        if error.errno in _FULL or isinstance(error, PermissionError):
            raise _unusable(file, error) from error
        raise


def _translate(error: Exception, file: str) -> StoreError | HomeError:
    text = str(_first(error))
    if "locked" in text or "busy" in text:
        return StoreBusy(f"{file} stayed locked for {BUSY_TIMEOUT_MS} ms", "try again")
    if "full" in text or ("disk I/O" in text and _is_full(file)):
        return _full(file, text)
    if any(sign in text for sign in _SIGNS_OF_DAMAGE):
        return StoreDamaged(f"{file} is damaged: {text}", "it is rebuilt by `rtkq refresh`")
    if "unable to open" in text or "readonly" in text:
        return _unusable(file, error)
    if "disk I/O" in text:
        return StoreError(
            f"writing {file} failed: {text}",
            "look for what limits or ails the disk, then try again",
        )
    return StoreError(f"using {file} failed: {text}", "`rtkq doctor` looks for what is wrong")


def _first(error: BaseException) -> BaseException:
    """Return the error of the database that started it: a rollback may have failed after it."""
    while isinstance(error.__context__, peewee.PeeweeException | sqlite3.Error):
        error = error.__context__
    return error


def _is_full(file: str) -> bool:
    try:
        return shutil.disk_usage(os.path.dirname(file)).free < _LEAST_FREE_BYTES
    except OSError:
        return False


def _full(path: str, reason: object) -> StoreFull:
    return StoreFull(
        f"writing {path} failed, there is no room: {reason}", "free some disk space and try again"
    )


def _unusable(path: str, error: Exception) -> StoreFull | HomeError:
    if isinstance(error, OSError) and error.errno in _FULL:
        return _full(path, error)
    return HomeError(
        f"writing {path} failed: {getattr(error, 'strerror', None) or error}",
        "make the folder writable or point RTKQ_HOME to another one",
    )
