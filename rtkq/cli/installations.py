"""Changing several agents' settings at once, and telling what came of it and what there is."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import click

from rtkq.agents import AGENTS, Change, Installation, State
from rtkq.cli import print_json
from rtkq.errors import AgentError


class Outcome(NamedTuple):
    """What came of several changes: one that fails does not stop the others."""

    changes: list[Change]
    errors: list[AgentError]


def each(meant: Iterable[tuple[str, str]], act: Callable[[str, str], Change]) -> Outcome:
    """Return what comes of *act* for each agent and scope that is *meant*."""
    outcome = Outcome([], [])
    for name, scope in meant:
        try:
            outcome.changes.append(act(name, scope))
        except AgentError as error:
            outcome.errors.append(error)
    return outcome


def tell(outcome: Outcome, wish: str, form: str, *, is_dry_run: bool) -> None:
    """Print what was done.

    Args:
        outcome: What came of it.
        wish: ``installed in`` or ``removed from``.
        form: ``text`` or ``json``.
        is_dry_run: Nothing was done; the difference is printed instead.

    Raises:
        AgentError: The first of the errors, after all else was told.
    """
    if form == "json" and not outcome.errors:
        print_json({"command": "init", "changes": [_change(one) for one in outcome.changes]})
    elif form == "text":
        for change in outcome.changes:
            _tell_change(change, wish, is_dry_run=is_dry_run)
        for error in outcome.errors[1:]:
            click.echo(f"rtkq: {error.message}\n      {error.hint}", err=True)
    if outcome.errors:
        raise outcome.errors[0]


def show(root: str | None, found: list[Installation], form: str) -> None:
    """Print what is installed where."""
    if form == "json":
        described = [dataclasses.asdict(one) | {"path": str(one.path)} for one in found]
        print_json({"command": "init", "project": root, "installations": described})
        return
    for one in found:
        if one.state is not State.ABSENT:
            place = f"{AGENTS[one.agent].title}, {one.scope}"
            click.echo(f"{place:<28} {one.state:<9} {shortened(one.path)}")
            if one.transport == "http" or one.detail:
                how = ["asks rtkq serve"] if one.transport == "http" else []
                click.echo(f"  {'; '.join([*how, *filter(None, [one.detail])])}")
    absent = dict.fromkeys(AGENTS[one.agent].title for one in found)
    present = {AGENTS[one.agent].title for one in found if one.state is not State.ABSENT}
    names = [title for title in absent if title not in present]
    if names:
        click.echo(f"not installed: {', '.join(names)}")


def shortened(path: os.PathLike[str]) -> str:
    """Return *path* as people write it, with ``~`` for the home folder."""
    home = os.path.expanduser("~")
    text = os.fspath(path)
    return f"~{text[len(home) :]}" if text.startswith(f"{home}/") else text


def _tell_change(change: Change, wish: str, *, is_dry_run: bool) -> None:
    if change.changed and is_dry_run:
        click.echo(_difference(change), nl=False)
    else:
        place = f"{AGENTS[change.agent].title}, {change.scope}"
        already = "" if change.changed else "already "
        click.echo(f"{place}: {already}{wish} {shortened(change.path)}")
    for note in change.notes:
        click.echo(f"  {note}", err=is_dry_run)


def _difference(change: Change) -> str:
    """Return a change as a patch, from or to nothing where there is no file."""
    lines = difflib.unified_diff(
        (change.before or "").splitlines(),
        (change.after or "").splitlines(),
        "/dev/null" if change.before is None else str(change.path),
        "/dev/null" if change.after is None else str(change.path),
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


def _change(change: Change) -> dict[str, Any]:
    return {
        "agent": change.agent,
        "scope": change.scope,
        "path": str(change.path),
        "changed": change.changed,
        "before": change.before,
        "after": change.after,
        "notes": list(change.notes),
    }
