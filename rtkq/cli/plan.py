"""``rtkq plan``: the context for a task, exactly as a subagent would be given it."""

from __future__ import annotations

from typing import Any

import click

from rtkq import config
from rtkq.answers.plan import plan
from rtkq.cli import print_json
from rtkq.cli.checkout import registered_root_of


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
    found = plan(settings, root, task, budget_tokens=budget, top=top, is_traced=trace)
    if form == "paths":
        click.echo("".join(f"{file['path']}\n" for file in found["files"]), nl=False)
    elif form == "json":
        print_json(found)
    elif found["text"]:
        click.echo(found["text"])
        if trace:
            _print_trace(found["files"])
    else:
        click.echo(
            "rtkq: no file seems to be about this task: a subagent would get nothing", err=True
        )


def _task_and_path(words: tuple[str, ...], task_file: Any) -> tuple[str, str]:
    expected = 1 if task_file is None else 0
    if not expected <= len(words) <= expected + 1:
        raise click.UsageError("give one TASK (quoted) and at most one PATH")
    path = words[expected] if len(words) > expected else "."
    task = words[0] if task_file is None else task_file.read()
    # An argument holds bytes that are no text in every locale, C above all; most are UTF-8.
    return task.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), path


def _print_trace(files: list[dict[str, Any]]) -> None:
    click.echo("", err=True)
    for file in files:
        told = "  ".join(f"{signal} {share:.3f}" for signal, share in file["shares"].items())
        click.echo(f"{file['score']:7.3f}  {file['path']}  {told}", err=True)
