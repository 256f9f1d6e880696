"""Where things lie under $RTKQ_HOME: strings only, no look at the disk.

The hook finds a memory from a project's root by these functions alone, so they import nothing.
"""

from __future__ import annotations

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_MASK_64 = 0xFFFFFFFFFFFFFFFF
_LONGEST_NAME = 40
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._")


def key(root: str) -> str:
    """Return the folder name of the checkout at *root*.

    A readable part and a hash of the whole path; the memory names its root as well, so a
    collision is noticed and never served.

    Source:
        FNV-1a, 64 bits: stable across processes and versions, needs no import.
    """
    digest = _FNV_OFFSET
    for byte in root.encode("utf-8", "surrogateescape"):
        digest = ((digest ^ byte) * _FNV_PRIME) & _MASK_64
    name = root.rstrip("/").rpartition("/")[2][:_LONGEST_NAME]
    readable = "".join(letter if letter in _SAFE else "-" for letter in name)
    return f"{readable or 'root'}-{digest:016x}"


def checkout(home: str, root: str) -> str:
    """Return the folder of everything stored for the checkout at *root*."""
    return f"{home}/checkouts/{key(root)}"


def memory_link(home: str, root: str) -> str:
    """Return the link that names the current memory folder of a checkout."""
    return f"{checkout(home, root)}/memory"


def memory_file(home: str, root: str) -> str:
    """Return the database of the current memory of a checkout."""
    return f"{memory_link(home, root)}/memory.db"


def verified_file(home: str, root: str) -> str:
    """Return the file whose mtime says when the memory was last compared with the disk."""
    return f"{checkout(home, root)}/verified"


def lease_file(home: str, root: str) -> str:
    """Return the file whose lock is the lease for rebuilding a checkout."""
    return f"{checkout(home, root)}/lease"


def mirrors_folder(home: str) -> str:
    """Return the folder of the mirrors that server workers keep."""
    return f"{home}/mirrors"


def mirror(home: str, remote: str) -> str:
    """Return the folder of the mirrors of one remote."""
    return f"{mirrors_folder(home)}/{key(remote)}"


def registry_file(home: str) -> str:
    """Return the database of registered projects."""
    return f"{home}/registry.db"


def queue_file(home: str) -> str:
    """Return the database of the queue."""
    return f"{home}/queue.db"


def metrics_file(home: str) -> str:
    """Return the database of what hooks and workers did, in numbers."""
    return f"{home}/metrics.db"


def facts_folder(home: str) -> str:
    """Return the folder of the fact databases."""
    return f"{home}/facts"


def receipts_folder(home: str) -> str:
    """Return the folder of the receipts, one file a minute."""
    return f"{home}/receipts"


def spawns_folder(home: str) -> str:
    """Return the folder of spawn markers."""
    return f"{home}/run/spawns"


def started_folder(home: str) -> str:
    """Return the folder of files that are named by the subagents that started."""
    return f"{home}/run/started"


def heartbeat_file(home: str, kind: str) -> str:
    """Return the heartbeat of the process of this *kind* (``watch`` or ``worker``)."""
    return f"{home}/run/{kind}.heartbeat"


def team_file(home: str, server: str) -> str:
    """Return the file that tells how a server of the team (``team``, ``queue``) was found last."""
    return f"{home}/run/{server}.json"


def grants_file(home: str) -> str:
    """Return the file of who may ask the HTTP daemon, where no team's database holds that."""
    return f"{home}/grants.json"


def serve_socket(home: str) -> str:
    """Return the unix socket of the HTTP daemon."""
    return f"{home}/run/serve.sock"


def lock_file(home: str, kind: str) -> str:
    """Return the lock that keeps a second process of this *kind* from starting."""
    return f"{home}/run/{kind}.lock"


def hook_folder(home: str) -> str:
    """Return the folder of the staged hook."""
    return f"{home}/hook"


def backup_folder(home: str, file: str) -> str:
    """Return the folder of what an agent's settings *file* held before rtkq changed it."""
    return f"{home}/backups/{key(file)}"
