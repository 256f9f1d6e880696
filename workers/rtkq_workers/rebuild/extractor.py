"""Extraction in a process of its own: a file may cost that process, and never the worker.

A parser that exhausts memory aborts, one that hangs cannot be interrupted from within. So a child
extracts, one file after the other, within a limit of memory and of processor time a file; when it
ends in the middle the file is noted with the reason, and the next file gets a new child.

The child is forked at the first file, for a new interpreter would cost each save a tenth of a
second. It holds nothing of its parent's: all descriptors but its own are closed at once, so
neither a lease nor a database lives on in it, and it leaves without tidying up. A while after the
last file it ends by itself, and takes the grammars' memory along.
"""

from __future__ import annotations

import atexit
import gc
import math
import os
import resource
import signal
import socket
import struct
import sys
import warnings
from contextlib import suppress

from rtkq.extract import extract
from rtkq.extract.facts import Facts, encode

#: Processor time that one file may take, in seconds: a hundred times what the largest ones need.
_MOST_CPU_S = 10
#: Memory that one file may take, in bytes: ten times what the largest ones need.
_MOST_BYTES = 384 * 1024 * 1024
#: A child that grew by more than this is replaced, so that the limit is the same for each file.
_LARGE_BYTES = 96 * 1024 * 1024
#: Without a file for so long the child ends, in seconds.
_IDLE_S = 30.0
#: A child that neither answers nor computes is given up, in seconds.
_PATIENCE_S = 300.0
#: Anybody may kill a process once.
_TRIES = 2

_REQUEST = struct.Struct("<II")
_REPLY = struct.Struct("<I")
#: Linux tells the peak in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def extracted(data: bytes, language: str) -> bytes:
    """Return the facts of a file as they are stored.

    Args:
        data: The file's bytes, whatever they are.
        language: As for `rtkq.extract.extract`.

    Returns:
        What `facts.encode` gives. Where the child ended over the file, ``skipped`` says why:
        ``timeout``, ``memory`` or ``failed``.
    """
    end = 0
    for _ in range(_TRIES):
        child = _Child.current()
        try:
            return child.ask(data, language)
        except (OSError, EOFError):
            end = child.end()
        if end in _REASONS:
            break
    lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    return encode(Facts(language, _REASONS.get(end, "failed"), lines))


#: How a child ends that met a limit; what ends by another signal may have been killed by anybody.
_REASONS = {-signal.SIGXCPU: "timeout", -signal.SIGABRT: "memory"}


class _Child:
    """The child of this process; another one after a fork of ours, or when it has ended."""

    _known: _Child | None = None

    def __init__(self) -> None:
        self.parent = os.getpid()
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(_PATIENCE_S)
        with warnings.catch_warnings():
            # Other threads may hold locks, of which the child takes none.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            _live(theirs)
        theirs.close()

    @classmethod
    def current(cls) -> _Child:
        """Return the child that lives, or a new one."""
        known = cls._known
        if known is None or known.parent != os.getpid() or known._has_left():
            known = cls._known = cls()
        return known

    def ask(self, data: bytes, language: str) -> bytes:
        """Have one file extracted.

        Raises:
            EOFError: The child ended.
            OSError: It ended, or did not answer in time.
        """
        word = language.encode()
        self._socket.sendall(_REQUEST.pack(len(word), len(data)) + word + data)
        (size,) = _REPLY.unpack(_received(self._socket, _REPLY.size))
        return _received(self._socket, size)

    def end(self) -> int:
        """End the child, if it lives; return its exit code, or the signal that ended it, negative.

        It has ended already when it met one of its limits.
        """
        self._socket.close()
        type(self)._known = None
        _, status = os.waitpid(self.pid, os.WNOHANG)
        if not _:
            os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _has_left(self) -> bool:
        """Return whether the child ended for want of work, or because it had grown."""
        with suppress(ChildProcessError):
            if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                return False
        self._socket.close()
        return True


@atexit.register
def _end_child() -> None:
    child = _Child._known
    if child is not None and child.parent == os.getpid() and not child._has_left():
        child.end()


# -- the child -----------------------------------------------------------------------------


def _live(connection: socket.socket) -> None:
    """Extract what comes in, until nothing does; never returns."""
    try:
        _shed(connection)
        floor = _peak_bytes()
        connection.settimeout(_IDLE_S)
        while _peak_bytes() < floor + _LARGE_BYTES:
            _answer(connection)
    except (OSError, EOFError):
        pass  # nothing to do for a while, or the parent is gone
    finally:
        os._exit(0)


def _shed(connection: socket.socket) -> None:
    """Let go of everything that is the parent's, and set the limit of memory."""
    gc.freeze()  # or a collection would close the parent's databases
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    kept = connection.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        most = _data_bytes() + _MOST_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _answer(connection: socket.socket) -> None:
    word_size, size = _REQUEST.unpack(_received(connection, _REQUEST.size))
    language = _received(connection, word_size).decode()
    data = _received(connection, size)
    used_s = math.ceil(time_used_s())
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used_s + _MOST_CPU_S, hard))
    payload = encode(extract(data, language))
    connection.sendall(_REPLY.pack(len(payload)) + payload)


def time_used_s() -> float:
    """Return the processor time of this process, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _received(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def _data_bytes() -> int:
    """Return what counts against the limit of data now: private memory, the parent's included."""
    with open("/proc/self/statm", "rb") as stream:
        return int(stream.read().split()[5]) * resource.getpagesize()
