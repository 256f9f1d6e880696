"""Run inside the hook's interpreter by ``hook_latency``: one answer, its steps timed.

Arguments: the staged main script and the settings file. Imports no more than the hook itself does.
"""

from __future__ import annotations

import posix
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_started_ns = time.perf_counter_ns()
_elapsed: dict[str, int] = {}


def _timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*values: Any, **named: Any) -> Any:
        began = time.perf_counter_ns()
        try:
            return function(*values, **named)
        finally:
            _elapsed[name] = _elapsed.get(name, 0) + time.perf_counter_ns() - began

    return timed


def _steps(settings_file: str) -> None:
    began = time.perf_counter_ns()
    __import__("start")
    _elapsed["all imports"] = time.perf_counter_ns() - began
    from rtkq import recall, receipts
    from rtkq_hooks import calls, checkout, envelope, main

    rank = sys.modules["rtkq.recall.rank"]
    for holder, name, step in (
        (envelope, "pick", "parse the document"),
        (checkout, "find", "find the checkout"),
        (checkout, "open_memory", "open the memory"),
        (recall, "Question", "  cut the task into terms"),
        (rank, "_score_fields", "    read and add up postings"),
        (recall.Memory, "rows", "  all queries, within the others"),
        (recall, "rank", "  rank"),
        (recall, "_on_disk", "  stat files, read definitions"),
        (recall, "fill", "  fill the budget"),
        (recall, "context", "recall"),
        (calls, "_mark", "drop the spawn marker"),
        (envelope, "put", "splice the answer"),
        (receipts, "write", "write the receipt"),
    ):
        if hasattr(holder, name):  # a step that was renamed is not worth a failure
            setattr(holder, name, _timed(step, getattr(holder, name)))
    settings = main.read_settings(settings_file)
    answer = main.run("claude-code", main._read_stdin(), settings)
    main._write_stdout(b"" if answer else b"nothing was injected\t0\n")


def _print_steps() -> None:
    _elapsed["all of it, from the script's first line"] = time.perf_counter_ns() - _started_ns
    lines = [f"{name}\t{elapsed / 1e6}\n" for name, elapsed in _elapsed.items()]
    posix.write(1, "".join(lines).encode())


sys.path.insert(0, sys.argv[1].rpartition("/")[0])
_steps(sys.argv[2])
_print_steps()
posix._exit(0)
