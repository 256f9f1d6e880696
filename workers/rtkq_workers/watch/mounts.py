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


def _device_and_kind(line: str) -> tuple[str, str]:
    mounted, _, described = line.partition(" - ")
    return mounted.split(" ", 3)[2], described.split(" ", 1)[0]
