"""Settings: the only reader of environment variables and of the configuration file.

A value comes from, in rising order: the default here, ``config.toml``, the environment
(``RTKQ_SECTION_KEY``). Unknown keys and wrong types are errors that name the place.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import platformdirs

from rtkq.errors import ConfigError

_POSTGRES = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix")

#: Counts and durations: less than none of them is a mistake.
Amount = Annotated[int, msgspec.Meta(ge=0)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the configuration file."""


class WatchSettings(_Section, frozen=True):
    """How the watcher groups events and when it looks again."""

    #: Silence that ends a burst, in milliseconds.
    quiet_ms: Amount = 300
    #: Longest time a burst is held, in milliseconds.
    max_wait_ms: Amount = 2000
    #: A memory not compared with the disk for this long is stale, in seconds.
    stale_after_s: Amount = 600
    #: Shortest time between two regular rescans of a project, in seconds.
    rescan_interval_s: Amount = 300
    #: Projects no agent has used for this many days are not watched.
    unused_days: Amount = 7


class ProjectsSettings(_Section, frozen=True):
    """Which checkouts rtkq takes up by itself."""

    #: Register a checkout when an agent starts working in it.
    auto_register: bool = True
    #: Checkouts with more files than this are not registered by themselves.
    auto_max_files: Amount = 100_000


class HookSettings(_Section, frozen=True):
    """Limits of the hook."""

    #: The hook gives up silently after this long, in milliseconds.
    deadline_ms: Amount = 250
    #: Upper bound of the injected context, in tokens of 4 characters.
    budget_tokens: Amount = 2000
    #: Upper bound of the map given where no task is known, in tokens.
    map_tokens: Amount = 600


class PolicySettings(_Section, frozen=True):
    """What happens at which kind of subagent."""

    #: Subagent types that get no context.
    exempt: tuple[str, ...] = ("fork", "statusline-setup")
    #: ``inject`` or ``deny`` for the client's own exploring agents.
    explore: str = "inject"


class WorkerSettings(_Section, frozen=True):
    """The pool of workers."""

    #: Worker processes; 0 for half of the processors, at least two.
    workers: Amount = 0


class ServeSettings(_Section, frozen=True):
    """The HTTP daemon."""

    #: Address to listen on; anything but loopback needs a token.
    host: str = "127.0.0.1"
    #: Port to listen on.
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 7700
    #: Host names, beside those of loopback, under which the daemon is asked.
    names: tuple[str, ...] = ()
    #: What requests over TCP must show as bearer; empty for nothing.
    token: str = ""


class PruneSettings(_Section, frozen=True):
    """What is deleted when."""

    #: Projects no agent has used for this many days are forgotten.
    unused_days: Amount = 90
    #: Projects whose folder has been gone for this many days are forgotten.
    missing_days: Amount = 30
    #: Facts are kept for this many days after the last memory stopped using them.
    facts_days: Amount = 30
    #: Facts in a team's database are kept for this many days after a server worker had them last.
    shared_days: Amount = 180
    #: Receipts of the hook are kept for this many days.
    receipts_days: Amount = 14
    #: Counts of what hooks and workers did are kept for this many days.
    metrics_days: Amount = 90
    #: A damaged memory is kept for inspection for this many days.
    damaged_days: Amount = 14
    #: Upper bound of everything stored, in megabytes.
    most_mb: Amount = 20_000


class DatabaseSettings(_Section, frozen=True):
    """The database of a team."""

    #: ``postgresql://…``; empty for none.
    url: str = ""
    #: Copy this machine's counts there, where its role may write them.
    share_counts: bool = True


class QueueSettings(_Section, frozen=True):
    """The queue of a team."""

    #: ``redis://…``; empty for none.
    url: str = ""


class CentralSettings(_Section, frozen=True):
    """Central projects, as server workers keep them."""

    #: Ways in which git may fetch them.
    protocols: tuple[str, ...] = ("https", "ssh", "git")


class TranscriptsSettings(_Section, frozen=True):
    """What agents write down of their sessions."""

    #: Let ``rtkq discover`` and ``rtkq gain`` read them; nothing of them leaves this machine.
    read: bool = True


class _Document(_Section, frozen=True):
    """The whole configuration file."""

    watch: WatchSettings = WatchSettings()
    projects: ProjectsSettings = ProjectsSettings()
    hook: HookSettings = HookSettings()
    policy: PolicySettings = PolicySettings()
    worker: WorkerSettings = WorkerSettings()
    serve: ServeSettings = ServeSettings()
    prune: PruneSettings = PruneSettings()
    transcripts: TranscriptsSettings = TranscriptsSettings()
    database: DatabaseSettings = DatabaseSettings()
    queue: QueueSettings = QueueSettings()
    central: CentralSettings = CentralSettings()


class Settings(msgspec.Struct, frozen=True):
    """Everything that can be set, and where rtkq stores what it knows."""

    #: Folder for everything rtkq stores.
    home: str
    watch: WatchSettings = WatchSettings()
    projects: ProjectsSettings = ProjectsSettings()
    hook: HookSettings = HookSettings()
    policy: PolicySettings = PolicySettings()
    worker: WorkerSettings = WorkerSettings()
    serve: ServeSettings = ServeSettings()
    prune: PruneSettings = PruneSettings()
    transcripts: TranscriptsSettings = TranscriptsSettings()
    database: DatabaseSettings = DatabaseSettings()
    queue: QueueSettings = QueueSettings()
    central: CentralSettings = CentralSettings()


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force.

    Args:
        environment: Environment variables; those of the process when omitted.

    Raises:
        ConfigError: A key is unknown, a value has the wrong type, or the file cannot be read.
    """
    variables = os.environ if environment is None else environment
    file = config_file(variables)
    document = _read_file(file)
    overlay = _from_environment(variables)
    merged = _validate(document, file)
    for section, values in overlay.items():
        current = msgspec.to_builtins(getattr(merged, section))
        merged = _validate(
            {**msgspec.to_builtins(merged), section: {**current, **values}},
            "the environment (RTKQ_" + section.upper() + "_*)",
            is_lax=True,
        )
    _check_choices(merged, file)
    parts = {name: getattr(merged, name) for name in _Document.__struct_fields__}
    return Settings(home=home(variables), **parts)


def home(variables: Mapping[str, str]) -> str:
    """Return the folder for everything rtkq stores, as an absolute path."""
    given = variables.get("RTKQ_HOME")
    return os.path.abspath(given) if given else platformdirs.user_data_dir("rtkq", appauthor=False)


def config_file(variables: Mapping[str, str]) -> str:
    """Return the path of the configuration file, which need not exist."""
    given = variables.get("RTKQ_CONFIG")
    if given:
        return os.path.abspath(given)
    return os.path.join(platformdirs.user_config_dir("rtkq", appauthor=False), "config.toml")


def holds_secret(file: str) -> bool:
    """Return whether a token or a password stands in the configuration *file*.

    Raises:
        ConfigError: The file cannot be read.
    """
    document = _validate(_read_file(file), file)
    try:
        password = urlsplit(document.database.url).password
    except ValueError:
        password = None
    return bool(document.serve.token or password)


def _read_file(file: str) -> dict[str, Any]:
    try:
        with open(file, "rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # ValueError: no TOML, or not even UTF-8
        raise ConfigError(
            f"reading the configuration {file} failed: {error}",
            "mend the file or point RTKQ_CONFIG to another one",
        ) from error


def _from_environment(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in variables.items():
        words = name.lower().split("_", 2)
        if len(words) == 3 and words[0] == "rtkq" and words[1] in _Document.__struct_fields__:
            found.setdefault(words[1], {})[words[2]] = _parsed(words[1], words[2], value)
    return found


def _parsed(section: str, key: str, value: str) -> Any:
    default = getattr(getattr(_Document(), section), key, None)
    return [part for part in value.split(",") if part] if isinstance(default, tuple) else value


def _validate(document: Mapping[str, Any], place: str, *, is_lax: bool = False) -> _Document:
    try:
        return msgspec.convert(document, _Document, strict=not is_lax)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"a setting in {place} is wrong: {error}",
            "docs/reference/settings.md lists every key with its type",
        ) from error


def _check_choices(document: _Document, place: str) -> None:
    if document.policy.explore not in ("inject", "deny"):
        raise ConfigError(
            f"policy.explore in {place} is {document.policy.explore!r}",
            'it is "inject" or "deny"',
        )
    # Without the values, which hold passwords as a rule.
    if document.database.url and _scheme(document.database.url) not in _POSTGRES:
        raise ConfigError(
            f"database.url in {place} or RTKQ_DATABASE_URL is no address of a PostgreSQL database",
            "it is like postgresql://user:password@host/database",
        )
    if document.queue.url and _scheme(document.queue.url) not in _REDIS:
        raise ConfigError(
            f"queue.url in {place} or RTKQ_QUEUE_URL is no address of a Redis server",
            "it is like redis://user:password@host:6379/0, rediss:// with TLS",
        )


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""
