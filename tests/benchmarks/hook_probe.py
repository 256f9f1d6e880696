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
    from rtkq_hooks import checkout, claude_code, envelope, main

    _elapsed["all imports"] = time.perf_counter_ns() - began
    assert engine
    envelope.pick = _timed("parse the document", envelope.pick)
    checkout.find = _timed("find the checkout", checkout.find)
    checkout.open_memory = _timed("open the memory", checkout.open_memory)
    recall.Question = _timed("  cut the task into terms", recall.Question)
    rank = sys.modules["rtkq.recall.rank"]
    rank._score_fields = _timed("    read and add up postings", rank._score_fields)
    recall.Memory.rows = _timed("  all queries, within the others", recall.Memory.rows)
    recall.rank = _timed("  rank", recall.rank)
    recall._on_disk = _timed("  stat files, read definitions", recall._on_disk)
    recall.fill = _timed("  fill the budget", recall.fill)
    recall.context = _timed("recall", recall.context)
    claude_code._mark = _timed("drop the spawn marker", claude_code._mark)
    envelope.put = _timed("splice the answer", envelope.put)
    receipts.write = _timed("write the receipt", receipts.write)
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
    _load(["rtkq_hooks.main", "rtkq_hooks.claude_code"])
else:
    _steps(rest[0])
    _print_steps()
posix._exit(0)
