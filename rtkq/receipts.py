"""Receipts: one line for every call of the hook, appended by it and read by the workers.

A line is its length in bytes and then ``key=value`` pairs, a tab before each. By the length a line
is noticed that a full disk has torn. Control characters and ``%`` are percent-encoded. Files are
named by the minute (UTC); they are deleted once folded into the metrics.

A receipt says what happened, where and how long it took. It never holds text of a prompt, of a
file or of the environment. The hook imports this module, so it imports as little as the hook.
"""

from __future__ import annotations

import posix
import time

from rtkq import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rtkq.recall import Context

#: A line is written with one call; up to this size no other writer comes between.
LONGEST_LINE = 2048
#: All receipts together; beyond it they are dropped and only counted.
LARGEST_FOLDER_BYTES = 64 * 1024 * 1024
#: A file whose size is the number of receipts that were dropped.
DROPPED = "dropped"
MINUTE = "%Y%m%dT%H%M.log"
_LONGEST_VALUE = 120
_LONGEST_ROOT = 1024
_MOST_PATHS = 5
_APPEND = posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC
#: Of FNV-1a with 64 bits.
_BASIS, _PRIME, _BITS = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_ENCODED = str.maketrans({chr(code): f"%{code:02X}" for code in (*range(0x20), 0x25, 0x7F)})


class Receipt:
    """What one call of the hook did; filled while it goes on."""

    def __init__(self, agent: str) -> None:
        self._started_ns = time.monotonic_ns()
        #: Milliseconds since the epoch.
        self.at = time.time_ns() // 1_000_000
        #: The client's dialect.
        self.agent = agent
        #: The client's name for what happened.
        self.event = ""
        #: Normalised type of the subagent.
        self.type = ""
        #: Leads to the client's transcript of the same call, see `link_of`; empty without ids.
        self.link = ""
        #: injected · superseded (an older block of ours gave way) · mapped · denied ·
        #: unheard (answered, but this client is known not to listen) ·
        #: marked (current block there, or its spawn was seen before) ·
        #: resumed (its subagent had started before) · exempt · disabled ·
        #: noted (a session began) · ignored (an event that is none of ours) ·
        #: unknown (a checkout without a memory) · missing (no project, or no readable memory) ·
        #: empty (nothing to say) · invalid (no strict JSON) · deadline · error.
        self.outcome = "error"
        #: Where the agent works; empty when unknown or too long to be written.
        self.root = ""
        #: State and generation of the memory that was served.
        self.state = ""
        self.generation = 0
        #: What the context names.
        self.paths: list[str] = []
        #: Size of the prompt as the client spelled it, and of the context.
        self.prompt_bytes = 0
        self.context_chars = 0
        #: Kind and place of an error; place and processor time where the deadline came.
        self.detail = ""

    def describe(self, context: Context) -> None:
        """Take over what a *context* says about itself."""
        self.outcome = "empty"
        self.state = context.state
        self.generation = context.generation
        self.paths = list(context.paths)
        self.context_chars = len(context.text)

    def line(self) -> bytes:
        """Return the receipt as it is written, at most LONGEST_LINE bytes."""
        elapsed_us = (time.monotonic_ns() - self._started_ns) // 1000
        fields = [
            _field("at", str(self.at)),
            _field("agent", self.agent),
            _field("event", self.event),
            _field("type", self.type),
            _field("link", self.link),
            _field("outcome", self.outcome),
            _field("state", self.state),
            _field("generation", str(self.generation)),
            _field("paths", str(len(self.paths))),
            _field("prompt_bytes", str(self.prompt_bytes)),
            _field("context_chars", str(self.context_chars)),
            _field("elapsed_us", str(elapsed_us)),
            _field("detail", self.detail),
        ]
        places = [("root", self.root)]
        places += [(f"path{n}", path) for n, path in enumerate(self.paths[:_MOST_PATHS], 1)]
        return _line(fields, [_place(key, path) for key, path in places])


def link_of(session: str, name: str) -> str:
    """Return what a receipt and a transcript of one call have in common: 16 hexadecimal digits.

    A digest, because a client may put anything into its ids.

    Args:
        session: The client's id of the session.
        name: Its id of the call that asks for a subagent or, at the start of one, of the
            subagent.

    Returns:
        The digits, or "" where one of the two is missing.

    Source:
        FNV-1a, draft-eastlake-fnv; for modules with digests there is no time in the hook.
    """
    if not (session and name):
        return ""
    digest = _BASIS
    for byte in f"{session}\0{name}".encode("utf-8", "surrogateescape"):
        digest = (digest ^ byte) * _PRIME & _BITS
    return f"{digest:016x}"


def write(home: str, receipt: Receipt) -> None:
    """Append *receipt* to the file of this minute.

    Whoever begins a minute looks whether the folder has grown too large; the others just append.

    Raises:
        OSError: Nothing can be written there.
    """
    folder = paths.receipts_folder(home)
    file = f"{folder}/{time.strftime(MINUTE, time.gmtime())}"
    line = receipt.line()
    try:
        _append(file, line)
    except FileNotFoundError:
        _begin(folder, file, line)


def read(path: str, offset: int = 0) -> tuple[list[dict[str, str]], int]:
    """Return the receipts in *path* from *offset* on, and where the next call goes on.

    A last line that is not finished yet is left for later. A line that is not whole gives
    ``{"torn": "1"}``.

    Args:
        path: A file of receipts.
        offset: 0, or what an earlier call returned.

    Raises:
        OSError: The file cannot be read.
    """
    with open(path, "rb") as file:
        file.seek(offset)
        text = file.read()
    end = text.rfind(b"\n") + 1
    return [_parsed(line) for line in text[:end].split(b"\n")[:-1]], offset + end


def dropped(home: str) -> int:
    """Return how many receipts were not written because the folder had grown too large."""
    try:
        return posix.stat(f"{paths.receipts_folder(home)}/{DROPPED}").st_size
    except FileNotFoundError:
        return 0


def _line(fields: list[bytes], places: list[bytes]) -> bytes:
    """Join the *fields*, and as many of the *places* as fit: half a path would mislead."""
    body = b"\t".join(fields)
    for place in places:
        if len(body) + len(place) <= LONGEST_LINE - len(b"2048\t\t\n"):
            body += b"\t" + place
    return b"%d\t%b\n" % (len(body), body)


def _place(key: str, path: str) -> bytes:
    return f"{key}=".encode() + _encoded(path)


def _field(key: str, value: str) -> bytes:
    return f"{key}=".encode() + _encoded(value)[:_LONGEST_VALUE]


def _encoded(value: str) -> bytes:
    return value.translate(_ENCODED).encode("utf-8", "surrogateescape")


def _decoded(value: bytes) -> str:
    first, *rest = value.split(b"%")
    parts = [part and _character(part[:2]) + part[2:] for part in rest]
    return b"".join([first, *parts]).decode("utf-8", "surrogateescape")


def _character(digits: bytes) -> bytes:
    return bytes([int(digits, 16)]) if len(digits) == 2 else b""  # cut off with its field


def _parsed(line: bytes) -> dict[str, str]:
    length, _, body = line.partition(b"\t")
    if length != b"%d" % len(body):
        return {"torn": "1"}
    pairs = [field.partition(b"=") for field in body.split(b"\t")]
    return {key.decode("ascii", "replace"): _decoded(value) for key, _, value in pairs}


def _append(file: str, line: bytes, flags: int = 0) -> None:
    descriptor = posix.open(file, _APPEND | flags, 0o600)
    try:
        posix.write(descriptor, line)
    finally:
        posix.close(descriptor)


def _begin(folder: str, file: str, line: bytes) -> None:
    try:
        names = posix.listdir(folder)
    except FileNotFoundError:
        posix.mkdir(folder, 0o700)
        names = []
    if _size(folder, names) > LARGEST_FOLDER_BYTES:
        _append(f"{folder}/{DROPPED}", b".", posix.O_CREAT)
    else:
        _append(file, line, posix.O_CREAT)


def _size(folder: str, names: list[str]) -> int:
    size = 0
    for name in names:
        try:
            size += posix.stat(f"{folder}/{name}").st_size
        except FileNotFoundError:
            continue  # folded and deleted since it was listed
    return size
