"""Which file systems do not tell this machine what happens in them."""

from __future__ import annotations

import os

_TABLE = "/proc/self/mountinfo"
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs"}
    | {"fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.glusterfs", "vboxsf"}
)


def remote_kind(path: str) -> str:
    """Return the kind of the remote file system that holds *path*; empty when it is local.

    Others may write there without this kernel noticing.

    Source:
        proc(5): field 3 of mountinfo is the device, the one after the dash is the kind.
    """
    try:
        device = os.stat(path).st_dev
        with open(_TABLE, encoding="utf-8", errors="surrogateescape") as table:
            kinds = dict(map(_device_and_kind, table))
    except OSError:
        return ""
    kind = kinds.get(f"{os.major(device)}:{os.minor(device)}", "")
    return kind if kind in _REMOTE else ""


def remote_points() -> list[str]:
    """Return where remote file systems are mounted, looking at none of them."""
    try:
        with open(_TABLE, encoding="utf-8", errors="surrogateescape") as table:
            lines = [line.partition(" - ") for line in table]
    except OSError:
        return []
    found = [mounted for mounted, _, described in lines if described.split(" ", 1)[0] in _REMOTE]
    return [_unescaped(mounted.split(" ", 5)[4]) for mounted in found]


def _unescaped(point: str) -> str:
    """Return a path of the table as it is: there blanks and backslashes are octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def _device_and_kind(line: str) -> tuple[str, str]:
    mounted, _, described = line.partition(" - ")
    return mounted.split(" ", 3)[2], described.split(" ", 1)[0]
