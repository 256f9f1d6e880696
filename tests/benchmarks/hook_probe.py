"""Run inside the hook's interpreter by ``hook_latency``: one layer of it, or its steps timed.

Arguments: the staged start script, then ``engine``, ``imports`` or ``steps`` with the settings
file. Imports no more than the hook itself does.
"""

from __future__ import annotations

import posix
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
    from rtkq_hooks import engine

    _elapsed["import _sqlite3"] = time.perf_counter_ns() - began
    from rtkq import recall, receipts
    from rtkq_hooks import calls, checkout, envelope, main

    _elapsed["all imports"] = time.perf_counter_ns() - began
    assert engine
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


def _load(names: Sequence[str]) -> None:
    for name in names:
        __import__(name)


bundle_folder, layer, *rest = (sys.argv[1].rpartition("/")[0], *sys.argv[2:])
sys.path.insert(0, bundle_folder)
_load(["modules"])
if layer == "engine":
    _load(["rtkq_hooks.engine"])
elif layer == "imports":
    _load(["rtkq_hooks.main", "rtkq_hooks.calls", "rtkq_hooks.claude_code"])
else:
    _steps(rest[0])
    _print_steps()
posix._exit(0)
