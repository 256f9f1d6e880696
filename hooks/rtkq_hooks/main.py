"""The hook's process: read a document, answer within the deadline, leave; never fatal.

Whatever goes wrong, the spawn goes on as if there were no hook: nothing is printed, the exit
code is 0 and stderr stays empty. What happened stands in the receipts.
"""

from __future__ import annotations

import posix
import sys
import time

from rtkq import receipts
from rtkq_hooks import engine  # noqa: F401 (loads SQLite, before recall does)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import NoReturn

    from rtkq.receipts import Receipt
    from rtkq_hooks.checkout import Opener
    from rtkq_hooks.claude_code import ClaudeCode
else:
    import _signal

#: No client sends more; SQLite takes about 15 ms a megabyte.
_LARGEST_DOCUMENT_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
#: Keys that Claude Code does not send, but Cursor and Copilot, which run its entries as well.
_MARKS_OF_OTHERS = (b'"cursor_version"', b'"timestamp"')
_STDIN = 0
_STDOUT = 1


def start(settings_file: str) -> NoReturn:
    """Be the hook: answer what stands on stdin for the agent named by the first argument.

    Leaves without the interpreter's finalisation, which takes longer than the answer.

    Args:
        settings_file: The flat settings beside the staged hook.
    """
    try:
        settings = read_settings(settings_file)
        receipt = receipts.Receipt(sys.argv[1] if len(sys.argv) > 1 else "")
        _arm(int(settings["deadline_ms"]), lambda place: _give_up(settings, receipt, place))
        answer = _answer(receipt.agent, _read_stdin(), settings, receipt)
        # Disarmed before the first byte: half a document would be worse than none.
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _record(settings, receipt)
        _write_stdout(answer)
    except BaseException:  # noqa: S110 (the last line of defence: the spawn goes on)
        pass
    posix._exit(0)


def run(
    agent: str,
    document: bytes,
    settings: Mapping[str, str],
    opener: Opener | None = None,
    is_noted: Callable[[str], bool] | None = None,
) -> bytes:
    """Return what the hook prints for *document*, possibly nothing, and write the receipt.

    Never raises for anything in the document, the settings or the memory.

    Args:
        agent: Name of the client, ``claude-code``.
        document: What the client sent.
        settings: The flat settings, as ``rtkq.agents.bundle.flat`` gives them.
        opener: Opens memories, for whoever keeps them open; ``recall.open_memory`` by default.
        is_noted: Tells by its root whether a call leaves a receipt; by default each does.
    """
    receipt = receipts.Receipt(agent)
    answer = _answer(agent, document, settings, receipt, opener)
    if is_noted is None or is_noted(receipt.root):
        _record(settings, receipt)
    return answer


def read_settings(file: str) -> dict[str, str]:
    """Return the flat settings: a key, a tab and a value a line.

    Raises:
        OSError: The file cannot be read.
    """
    descriptor = posix.open(file, posix.O_RDONLY | posix.O_CLOEXEC)
    text = posix.read(descriptor, _CHUNK_BYTES).decode("utf-8", "surrogateescape")
    posix.close(descriptor)
    return dict(line.split("\t", 1) for line in text.split("\n") if "\t" in line)


def _answer(
    agent: str,
    document: bytes,
    settings: Mapping[str, str],
    receipt: Receipt,
    opener: Opener | None = None,
) -> bytes:
    try:
        if posix.environ.get(b"RTKQ_DISABLE", b"") not in (b"", b"0"):
            receipt.outcome = "disabled"
            return b""
        return _dispatch(agent, document, settings, receipt, opener)
    except Exception as error:
        receipt.outcome = "deadline" if isinstance(error, TimeoutError) else "error"
        receipt.detail = _place_of(error)
        return b""


def _dispatch(
    agent: str,
    document: bytes,
    settings: Mapping[str, str],
    receipt: Receipt,
    opener: Opener | None,
) -> bytes:
    # Late, so that SQLite is loaded the quick way before.
    from rtkq import recall
    from rtkq_hooks import calls, envelope

    try:
        dialect = _dialect(agent, document)
        if dialect is not None:
            return calls.answer(dialect, document, settings, receipt, opener or recall.open_memory)
        receipt.outcome = "ignored"
    except envelope.Malformed:
        receipt.outcome = "invalid"
    return b""


def _dialect(agent: str, document: bytes) -> ClaudeCode | None:
    # Nearly all spawns are Claude Code's own; they do not pay for what others speak.
    if agent == "claude-code" and not any(mark in document for mark in _MARKS_OF_OTHERS):
        from rtkq_hooks.claude_code import ClaudeCode

        return ClaudeCode()
    from rtkq_hooks import dialects

    return dialects.of(agent, document)


def _place_of(error: BaseException) -> str:
    """Return kind and place of an *error*, not its message: that may quote a prompt."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"


def _record(settings: Mapping[str, str], receipt: Receipt) -> None:
    try:
        receipts.write(settings["home"], receipt)
    except (OSError, LookupError):
        return  # a full disk or an unwritable home must not cost the answer


def _give_up(settings: Mapping[str, str], receipt: Receipt, place: str) -> None:
    receipt.outcome = "deadline"
    # Little processor time says that this process was kept waiting, not that it had much to do.
    receipt.detail = f"{place} cpu {time.process_time_ns() // 1_000_000} ms"
    _record(settings, receipt)


def _arm(deadline_ms: int, on_deadline: Callable[[str], None]) -> None:
    def leave(_number: int, frame: FrameType | None) -> None:
        on_deadline(f"{frame.f_code.co_name}:{frame.f_lineno}" if frame else "")
        posix._exit(0)

    _signal.signal(_signal.SIGALRM, leave)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [_signal.SIGALRM])
    _signal.setitimer(_signal.ITIMER_REAL, max(deadline_ms, 1) / 1000)


def _read_stdin() -> bytes:
    chunks = []
    left = _LARGEST_DOCUMENT_BYTES
    while left > 0 and (chunk := posix.read(_STDIN, _CHUNK_BYTES)):
        chunks.append(chunk)
        left -= len(chunk)
    # One that is too large is cut and thereby malformed.
    return b"".join(chunks)


def _write_stdout(answer: bytes) -> None:
    while answer:
        answer = answer[posix.write(_STDOUT, answer) :]
