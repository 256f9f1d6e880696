"""Where the daemon listens: sockets handed over by whoever started it, or its own."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from contextlib import suppress

from rtkq.errors import UsageError
from rtkq.store.database import private_folder

#: The first descriptor that a service manager hands over; by the protocol of sd_listen_fds(3).
_FIRST_HANDED = 3
#: Only a service manager names what it hands over; its sockets outlive this process.
_MANAGED = "LISTEN_FDNAMES"
#: Clients that the kernel keeps waiting.
BACKLOG = 1024


def handed_over() -> list[socket.socket]:
    """Return the sockets that a service manager, or the process before this one, left open.

    Source:
        sd_listen_fds(3): LISTEN_PID names who is meant, LISTEN_FDS says how many.
    """
    count = os.environ.pop("LISTEN_FDS", "")
    is_meant = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    if not is_meant or not count.isdigit():
        return []
    return [socket.socket(fileno=_FIRST_HANDED + number) for number in range(int(count))]


def hand_over(sockets: list[socket.socket]) -> None:
    """Leave *sockets* to the program that this process is about to become."""
    # First out of the way: a socket may stand where another one has to go.
    copies = [os.dup(one.fileno()) for one in sockets]
    spare = [os.dup2(copy, 100 + number) for number, copy in enumerate(copies)]
    for number, descriptor in enumerate(spare):
        os.dup2(descriptor, _FIRST_HANDED + number, inheritable=True)
        os.set_inheritable(descriptor, False)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(sockets))


def tcp(host: str, port: int, *, has_token: bool) -> socket.socket:
    """Return a socket that listens on *host* and *port*.

    Raises:
        UsageError: *host* is not loopback and no token is asked for, or it cannot be had.
    """
    if not has_token and not _is_loopback(host):
        raise UsageError(
            f"listening on {host} would let everybody on the network read your projects",
            "set serve.token, or listen on 127.0.0.1",
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(
            f"listening on {host} port {port} failed: {_reason(error)}",
            "stop what listens there, or set another `port` below [serve], or give --port",
        ) from error


def _reason(error: OSError) -> str:
    # What asyncio's and socket's helpers add says the address once more.
    named = errno.errorcode.get(error.errno or 0)
    return os.strerror(error.errno) if named and error.errno else error.strerror or str(error)


def unix(path: str) -> socket.socket:
    """Return a socket that listens on the file *path*, which this user alone may open.

    Raises:
        UsageError: Another process serves there, or the file cannot be made.
    """
    private_folder(os.path.dirname(path))
    if _answers(path):
        raise UsageError(f"another rtkq serve listens on {path}", "stop it, or give --socket")
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
        found.bind(path)
        os.chmod(path, 0o600)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise UsageError(f"listening on {path} failed: {error}", "give another --socket") from error
    return found


def told(listening: socket.socket) -> str:
    """Return where *listening* listens, as a user would type it."""
    if listening.family == socket.AF_UNIX:
        return str(listening.getsockname())
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def close(listening: socket.socket) -> None:
    """Stop listening; a socket in a file takes its file along, unless a service manager made it."""
    if listening.family == socket.AF_UNIX and _MANAGED not in os.environ:
        with suppress(OSError):
            os.unlink(listening.getsockname())
    listening.close()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
