"""``rtkq plan``: the context for a task, exactly as a subagent would be given it."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from rtkq import config, recall
from rtkq.cli import print_json
from rtkq.cli.checkout import registered_root_of
from rtkq.errors import ProjectError
from rtkq.recall.rank import FULL, WEIGHTS

#: The score of a file that every signal favours most: shown as 1.
_BEST = FULL * sum(WEIGHTS.values()) // 1000


@click.command("plan")
@click.argument("words", nargs=-1, metavar="TASK [PATH]")
@click.option(
    "--task-file",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="Read the task here.",
)
@click.option("--budget", type=click.IntRange(min=50), help="Tokens of 4 characters.")
@click.option("--top", type=click.IntRange(min=1), help="List at most so many files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "paths"]),
    default="text",
    help="How to print the answer.",
)
@click.option("--trace", is_flag=True, help="Show each signal's share of each file's score.")
def command(
    words: tuple[str, ...],
    task_file: Any,
    budget: int | None,
    top: int | None,
    form: str,
    trace: bool,
) -> None:
    """Show the context for TASK: ranked files and symbols within a budget.

    Example:

        rtkq plan "retry failed uploads with backoff" --format paths
    """
    task, path = _task_and_path(words, task_file)
    settings = config.load()
    root = registered_root_of(settings.home, path)
    budget_tokens = budget or settings.hook.budget_tokens
    began = time.perf_counter()
    memory = recall.open_memory(settings.home, root)
    if memory is None:
        raise ProjectError(f"{root} has no memory yet", f"build it: rtkq refresh {root}")
    found = recall.context(
        memory,
        task,
        budget_tokens=budget_tokens,
        stale_after_s=settings.watch.stale_after_s,
    )
    elapsed_ms = (time.perf_counter() - began) * 1000
    files = found.files[:top]
    if form == "paths":
        click.echo("".join(f"{file.path}\n" for file in files), nl=False)
    elif form == "json":
        print_json(
            {
                "command": "plan",
                "project": root,
                "state": found.state,
                "generation": found.generation,
                "indexed_at": recall.instant(memory.indexed_at_ms),
                "budget_tokens": budget_tokens,
                "tokens": found.tokens,
                "elapsed_ms": round(elapsed_ms, 1),
                "files": [_file(file, trace) for file in files],
                "text": found.text,
            }
        )
    else:
        click.echo(found.text)
        if trace:
            _print_trace(files)


def _task_and_path(words: tuple[str, ...], task_file: Any) -> tuple[str, str]:
    expected = 1 if task_file is None else 0
    if not expected <= len(words) <= expected + 1:
        raise click.UsageError("give one TASK (quoted) and at most one PATH")
    path = words[expected] if len(words) > expected else "."
    task = words[0] if task_file is None else task_file.read()
    # An argument may hold bytes that are no text.
    return task.encode("utf-8", "replace").decode(), path


def _file(file: recall.File, trace: bool) -> dict[str, Any]:
    shares = sorted(file.shares.items(), key=lambda item: (-item[1], item[0]))
    described: dict[str, Any] = {
        "path": file.path,
        "score": round(file.score / _BEST, 4),
        "state": file.state,
        "why": [signal for signal, share in shares if share],
        "symbols": [
            {"name": one.name, "kind": one.kind, "line": one.line, "signature": one.signature}
            for one in file.definitions
        ],
    }
    if trace:
        described["shares"] = {signal: round(n / _BEST, 4) for signal, n in shares}
    return described


def _print_trace(files: list[recall.File]) -> None:
    click.echo("", file=sys.stderr)
    for file in files:
        shares = sorted(file.shares.items(), key=lambda item: (-item[1], item[0]))
        told = "  ".join(f"{signal} {n / _BEST:.3f}" for signal, n in shares if n)
        click.echo(f"{file.score / _BEST:7.3f}  {file.path}  {told}", err=True)
