"""An HTTP client that takes next to nothing: connections that ask again once they were answered.

As many requests are on the way as there are connections, so the server is never without one.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_CHUNK_BYTES = 1 << 18
_SIZE = b"content-length: "


@dataclass(slots=True)
class Load:
    """What requests took, and what asking them took."""

    latencies_ms: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0
    client_cpu_ms: float = 0.0
    #: Bodies of the answers, all together.
    answered_bytes: int = 0

    def add(self, other: Load) -> None:
        """Take over what *other* saw, as if it had been played after this."""
        self.latencies_ms += other.latencies_ms
        self.elapsed_s += other.elapsed_s
        self.client_cpu_ms += other.client_cpu_ms
        self.answered_bytes += other.answered_bytes


def request(path: str, body: bytes) -> bytes:
    """Return a request that posts *body* to *path*."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Clients:
    """Connections that stay open."""

    def __init__(self, place: str | tuple[str, int], count: int) -> None:
        """Connect *count* times to *place*: the path of a unix socket, or host and port."""
        self._poll = select.epoll()
        self._lines = [_Line(place) for _ in range(count)]
        self._by_descriptor = {line.descriptor: line for line in self._lines}
        for descriptor in self._by_descriptor:
            self._poll.register(descriptor, select.EPOLLIN)

    def play(self, requests: Sequence[bytes]) -> Load:
        """Send all *requests*, one a connection at a time, and return what they took.

        Raises:
            RuntimeError: One was not answered, or by anything but 200.
        """
        load = Load()
        ahead = iter(requests)
        began_s, began_cpu_ns = time.perf_counter(), time.process_time_ns()
        for line, first in zip(self._lines, ahead, strict=False):
            line.ask(first)
            if line is self._lines[-1]:
                break
        left = len(requests)
        while left:
            for descriptor, _ in self._poll.poll():
                line = self._by_descriptor[descriptor]
                if line.is_answered():
                    left -= 1
                    load.latencies_ms.append(line.took_ms)
                    load.answered_bytes += line.size
                    if (following := next(ahead, None)) is not None:
                        line.ask(following)
        load.elapsed_s = time.perf_counter() - began_s
        load.client_cpu_ms = (time.process_time_ns() - began_cpu_ns) / 1e6
        return load

    def ask(self, path: str) -> Any:
        """Post nothing to *path* and return the document that is answered."""
        self.play([request(path, b"")])
        return json.loads(self._lines[0].body)

    def close(self) -> None:
        """Hang up."""
        self._poll.close()
        for line in self._lines:
            line.close()


class _Line:
    """One connection, and the request that is on its way."""

    def __init__(self, place: str | tuple[str, int]) -> None:
        family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.connect(place)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.descriptor = self._socket.fileno()
        self.body = b""
        self.size = 0
        self.took_ms = 0.0
        self._asked_ns = 0
        self._read = b""

    def ask(self, message: bytes) -> None:
        """Send a request."""
        self._read = b""
        self._asked_ns = time.perf_counter_ns()
        self._socket.sendall(message)

    def is_answered(self) -> bool:
        """Read what has come, and return whether the answer is whole."""
        chunk = self._socket.recv(_CHUNK_BYTES)
        self._read += chunk
        head, gap, body = self._read.partition(b"\r\n\r\n")
        if not chunk or (gap and not head.startswith(b"HTTP/1.1 200 ")):
            raise RuntimeError(f"not answered: {self._read[:200]!r}")
        if not gap or len(body) < int(head.partition(_SIZE)[2].partition(b"\r\n")[0]):
            return False
        self.took_ms = (time.perf_counter_ns() - self._asked_ns) / 1e6
        self.body, self.size = body, len(body)
        return True

    def close(self) -> None:
        self._socket.close()
