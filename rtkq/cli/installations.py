"""Changing several agents' settings at once, and telling what came of it and what there is."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import click

from rtkq.agents import AGENTS, Change, Installation, State
from rtkq.agents.old_tool import Leftover
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


def show(root: str | None, found: list[Installation], leftovers: list[Leftover], form: str) -> None:
    """Print what is installed where, and what the tool before rtkq has left."""
    if form == "json":
        print_json(
            {
                "command": "init",
                "project": root,
                "installations": [_described(one) for one in found],
                "leftovers": [_described(one) for one in leftovers],
            }
        )
        return
    present = [one for one in found if one.state is not State.ABSENT]
    for one in present:
        _show_installation(one)
    names = {one.agent for one in found} - {one.agent for one in present}
    if names:
        titles = [agent.title for name, agent in AGENTS.items() if name in names]
        click.echo(f"not installed: {', '.join(titles)}")
    for left in leftovers:
        what = f"in {', '.join(left.events)}" if left.events else "script"
        click.echo(f"of the tool before rtkq: {shortened(left.path)} ({what})")


def _show_installation(one: Installation) -> None:
    place = f"{AGENTS[one.agent].title}, {one.scope}"
    click.echo(f"{place:<28} {one.state:<9} {shortened(one.path)}")
    asked = "asks rtkq serve" if one.transport == "http" else ""
    remarks = [remark for remark in (one.detail, asked) if remark]
    if remarks:
        click.echo(f"  {'; '.join(remarks)}")


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
    return _described(change) | {"changed": change.changed}


def _described(value: Any) -> dict[str, Any]:
    return {
        key: os.fspath(part) if isinstance(part, os.PathLike) else part
        for key, part in dataclasses.asdict(value).items()
    }
