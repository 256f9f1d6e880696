"""``rtkq explore``: the layers of a project, without a task."""

from __future__ import annotations

from typing import Any

import click

from rtkq import config, recall
from rtkq.cli import options, print_json
from rtkq.cli.checkout import registered_root_of
from rtkq.errors import ProjectError
from rtkq.recall import layers, queries
from rtkq.recall.explore import explore
from rtkq.recall.intent import GENERAL, intent
from rtkq.records import State


@click.command("explore")
@options.path_argument
@click.option(
    "--query-type",
    type=click.Choice(list(layers.ROUTES)),
    help="Which layers to show; default: general, or what --task is about.",
)
@click.option("--task", help="Take the query type from the words of this task.")
@click.option(
    "--detail",
    type=click.Choice(list(layers.LINES)),
    default="normal",
    help="How many lines a layer may have.",
)
@click.option("--budget", type=click.IntRange(min=50), help="Tokens of 4 characters.")
@click.option("--strict", is_flag=True, help="Refuse unless the memory is fresh.")
@options.format_option
def command(
    path: str,
    query_type: str | None,
    task: str | None,
    detail: str,
    budget: int | None,
    strict: bool,
    form: str,
) -> None:
    """Show what is known of the project at PATH, layer by layer.

    Example:

        rtkq explore --query-type refactor --detail compact
    """
    from rtkq_workers import difference

    settings = config.load()
    root = registered_root_of(settings.home, path)
    memory = recall.open_memory(settings.home, root)
    if memory is None:
        raise ProjectError(f"{root} has no memory yet", f"build it: rtkq refresh {root}")
    changes = difference.since_build(settings.home, root)
    state = _state(memory, settings.watch.stale_after_s, has_changed=bool(changes))
    if strict and state != State.FRESH:
        raise ProjectError(
            f"the memory of {root} is {state}", f"bring it up to date: rtkq sync {root}"
        )
    kind = query_type or (intent(task) if task else GENERAL)
    context = explore(memory, kind, detail, budget_tokens=budget)
    if form == "json":
        print_json(
            {
                "command": "explore",
                "project": root,
                "state": state,
                "generation": memory.generation,
                "indexed_at": recall.instant(memory.indexed_at_ms),
                "query_type": kind,
                **_counts(memory),
                "delta": difference.summary(changes),
                "context": context,
            }
        )
        return
    click.echo(f"{root}: {state}, generation {memory.generation}, {kind}")
    for name, text in context.items():
        click.echo(f"\n{name}\n{text or '(nothing)'}")


def _state(memory: recall.Memory, stale_after_s: int, *, has_changed: bool) -> str:
    """Return the state of *memory*, knowing that the disk was just compared with it."""
    state = memory.state(stale_after_s)
    return State.DIRTY if has_changed and state == State.FRESH else state


def _counts(memory: recall.Memory) -> dict[str, Any]:
    files, size, edges, reused, rebuilt = memory.row(queries.TALLY) or (0,) * 5
    return {
        "stats": {"files": files, "bytes": size, "reused": reused, "rebuilt": rebuilt},
        "graph": {"nodes": files, "edges": edges},
    }
