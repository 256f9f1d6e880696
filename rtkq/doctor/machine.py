"""Checks of the machine: configuration, folders, disk, git, kernel, and which rtkq runs."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator

from rtkq import config
from rtkq.doctor.verdicts import Check, Patient, Verdict, fail, ok, warn
from rtkq.errors import ConfigError

_MIB = 1024 * 1024
_LITTLE_BYTES = 1024 * _MIB
_TOO_LITTLE_BYTES = 100 * _MIB
#: The first with ``ls-files --deduplicate``.
_LEAST_GIT = (2, 31)
_TOOL_S = 5.0
_FOREIGN_BITS = 0o077
_PRIVATE = "keep it to yourself: chmod 600 on that file"
_MOST_NAMED = 3


def _configuration(_: Patient) -> Iterator[Verdict]:
    try:
        config.load()
    except ConfigError as error:
        yield fail(error.message, error.hint)
        return
    file = config.config_file(os.environ)
    if not os.path.exists(file):
        yield ok(f"defaults; there is no {file}")
    elif os.stat(file).st_mode & _FOREIGN_BITS and config.holds_secret(file):
        yield warn(f"{file} holds a token or a password, and others may read it", _PRIVATE)
    else:
        yield ok(file)


def _disk(patient: Patient) -> Iterator[Verdict]:
    free = shutil.disk_usage(_existing(patient.home)).free
    yield judge_room(free, patient.home)


def judge_room(free_bytes: int, folder: str) -> Verdict:
    """Return what so much room on the disk of a *folder* means."""
    told = f"{free_bytes // _MIB} MiB free for {folder}"
    hint = "free some disk space, or point RTKQ_HOME to another disk"
    if free_bytes < _TOO_LITTLE_BYTES:
        return fail(told, hint)
    return warn(told, hint) if free_bytes < _LITTLE_BYTES else ok(told)


def _file_system(patient: Patient) -> Iterator[Verdict]:
    from rtkq_workers.checkout.mounts import remote_kind

    for folder, effect in (
        (patient.home, "SQLite's locks cannot be trusted there"),
        (patient.root, "changes others make there are noticed late"),
    ):
        if kind := remote_kind(_existing(folder)):
            hint = "point RTKQ_HOME to a local disk" if folder == patient.home else "it is polled"
            verdict = fail if folder == patient.home else warn
            yield verdict(f"{folder} lies on a network file system ({kind}): {effect}", hint)
            return
    yield ok("local")


def _permissions(patient: Patient) -> Iterator[Verdict]:
    open_to_others = [path for path, _ in _exposed(patient.home)]
    if open_to_others:
        yield fail(
            f"{len(open_to_others)} files and folders are open to other users: "
            + ", ".join(open_to_others[:_MOST_NAMED]),
            "`rtkq doctor --fix` closes them",
        )
    else:
        yield ok("for this user alone")


def _close(patient: Patient) -> str:
    exposed = list(_exposed(patient.home))
    for path, mode in exposed:
        os.chmod(path, mode & ~_FOREIGN_BITS)
    return f"closed {len(exposed)} files and folders to other users"


def _exposed(home: str) -> Iterator[tuple[str, int]]:
    """Yield what others may read or write: path and mode."""
    for folder, _, names in os.walk(home):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                continue  # gone since it was listed
            mode = stat.S_IMODE(status.st_mode)
            if mode & _FOREIGN_BITS and not stat.S_ISLNK(status.st_mode):
                yield path, mode


def _git(_: Patient) -> Iterator[Verdict]:
    try:
        command = ["git", "--version"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_S)
    except FileNotFoundError:
        yield fail("git is not on PATH", "install git: checkouts and their files are found by it")
        return
    yield judge_git(done.stdout.strip())


def judge_git(told: str) -> Verdict:
    """Return what it means that git calls itself so."""
    found = re.search(r"(\d+)\.(\d+)", told)
    if found and (int(found[1]), int(found[2])) >= _LEAST_GIT:
        return ok(told)
    least = ".".join(map(str, _LEAST_GIT))
    return fail(f"{told or 'git'} is too old", f"install git {least} or newer")


def _inotify(patient: Patient) -> Iterator[Verdict]:
    if sys.platform != "linux":
        return
    from rtkq_workers.processes import heartbeat

    beat = heartbeat.read(patient.home, "watch") or {}
    watched = int(beat.get("directories", 0))
    limit = _kernel_limit("max_user_watches")
    yield judge_watches(watched, limit)
    if not _has_instance():
        yield fail(
            "the kernel gives no inotify instance: others hold all of "
            f"{_kernel_limit('max_user_instances')}",
            "sudo sysctl fs.inotify.max_user_instances=1024",
        )


def judge_watches(watched: int, limit: int) -> Verdict:
    """Return whether the kernel's *limit* leaves room for more than the folders *watched*."""
    told = f"{watched} folders watched of {limit} the kernel allows"
    if watched > 0.8 * limit:
        return warn(told, f"sudo sysctl fs.inotify.max_user_watches={max(524288, 4 * limit)}")
    return ok(told)


def _kernel_limit(name: str) -> int:
    with open(f"/proc/sys/fs/inotify/{name}", encoding="ascii") as stream:
        return int(stream.read())


def _has_instance() -> bool:
    descriptor = ctypes.CDLL(None, use_errno=True).inotify_init1(os.O_CLOEXEC)
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True


def _path(_: Patient) -> Iterator[Verdict]:
    found = shutil.which("rtkq")
    if found is None:
        yield warn(
            "rtkq is not on PATH", f"add its folder to PATH: {os.path.dirname(sys.executable)}"
        )
    elif _is_this(found):
        yield ok(found)
    else:
        yield warn(
            f"{found} is another rtkq than this one, which {sys.executable} runs",
            "remove one of them, or change the order of PATH",
        )


def _is_this(script: str) -> bool:
    beside = os.path.join(os.path.dirname(sys.executable), "rtkq")
    if os.path.realpath(script) == os.path.realpath(beside):
        return True
    with open(script, "rb") as stream:
        interpreter = os.fsdecode(stream.readline().removeprefix(b"#!").strip())
    # The interpreters of two environments are often links to the same one: their folders tell.
    folders = {os.path.realpath(os.path.dirname(one)) for one in (interpreter, sys.executable)}
    return len(folders) == 1


def _existing(folder: str) -> str:
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return folder


CHECKS = (
    Check("configuration", _configuration),
    Check("disk", _disk),
    Check("file-system", _file_system),
    Check("permissions", _permissions, _close),
    Check("git", _git),
    Check("inotify", _inotify),
    Check("path", _path),
)
