"""``rtkq init``: the one installer of all hooks, context and policy together."""

from __future__ import annotations

import sys

import click

from rtkq import agents
from rtkq.agents import AGENTS, Installation, Scope, instructions, old_tool
from rtkq.cli import installations, options
from rtkq.cli.checkout import root_of
from rtkq.cli.installations import Outcome
from rtkq.errors import ProjectError

#: The agent that is meant when none is named.
_DEFAULT = ("claude-code",)


@click.command("init")
@click.option(
    "--agent",
    "names",
    type=click.Choice(list(AGENTS)),
    multiple=True,
    help="Which agent; may be given several times.",
)
@click.option("--scope", type=click.Choice([str(one) for one in Scope]), help="Whose settings.")
@click.option(
    "--transport",
    type=click.Choice(["command", "http"]),
    default="command",
    help="Whether the agent starts the hook or asks `rtkq serve`.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--show", is_flag=True, help="Show what is installed where.")
@click.option("--uninstall", is_flag=True, help="Take the hooks out again.")
@click.option("--remove-old", is_flag=True, help="Remove what the tool before rtkq has left.")
@options.format_option
def command(
    names: tuple[str, ...],
    scope: str | None,
    transport: str,
    dry_run: bool,
    show: bool,
    uninstall: bool,
    remove_old: bool,
    form: str,
) -> int:
    """Let coding agents ask rtkq whenever they spawn a subagent.

    By default Claude Code, for you in all projects. Doing it again changes nothing. Examples:

    \b
        rtkq init --dry-run
        rtkq init --agent codex --agent gemini
        rtkq init --uninstall
    """  # noqa: D301 (click keeps the lines below a backspace as they are)
    if show + uninstall + remove_old > 1:
        raise click.UsageError("--show, --uninstall and --remove-old exclude each other")
    root = _root(scope)
    if show:
        return _show(root, _meant(root, names, scope), form)
    if remove_old:
        _remove_old(root, form, is_dry_run=dry_run)
    elif uninstall:
        _uninstall(root, _meant(root, names, scope), form, is_dry_run=dry_run)
    else:
        meant = [(name, scope or Scope.USER) for name in names or _DEFAULT]
        _install(root, meant, transport, form, is_dry_run=dry_run)
    return 0


def _root(scope: str | None) -> str | None:
    try:
        return root_of(".")
    except ProjectError:
        if scope in (Scope.PROJECT, Scope.LOCAL):
            raise
        return None


def _meant(root: str | None, names: tuple[str, ...], scope: str | None) -> list[Installation]:
    return [
        one
        for one in agents.survey(root)
        if one.agent in (names or AGENTS) and scope in (None, one.scope)
    ]


def _show(root: str | None, found: list[Installation], form: str) -> int:
    installations.show(root, found, old_tool.leftovers(root), form)
    return 0 if all(one.is_sound for one in found) else 1


def _install(
    root: str | None, meant: list[tuple[str, str]], transport: str, form: str, *, is_dry_run: bool
) -> None:
    outcome = installations.each(
        meant,
        lambda name, scope: agents.install(name, scope, root, transport, is_dry_run=is_dry_run),
    )
    installations.tell(outcome, "installed in", form, is_dry_run=is_dry_run)
    if form == "text" and not is_dry_run:
        if old_tool.leftovers(root):
            click.echo("the tool before rtkq is still there: rtkq init --remove-old")
        _offer_instructions(root, meant)


def _offer_instructions(root: str | None, meant: list[tuple[str, str]]) -> None:
    """Ask whether to explain our block to the agents; without a terminal, do not."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    for name, scope in meant:
        path = instructions.file(name, scope, root)
        if path is None or instructions.is_in(path):
            continue
        click.echo(f"\n{instructions.TEXT}\n")
        if click.confirm(f"Add this to {installations.shortened(path)}?"):
            instructions.add(name, scope, path)


def _uninstall(root: str | None, found: list[Installation], form: str, *, is_dry_run: bool) -> None:
    outcome = installations.each(
        [(one.agent, one.scope) for one in found if one.is_removable],
        lambda name, scope: agents.uninstall(name, scope, root, is_dry_run=is_dry_run),
    )
    for one in found:
        path = None if one.scope == agents.PLUGIN else instructions.file(one.agent, one.scope, root)
        if path is not None and instructions.is_in(path):
            change = instructions.remove(one.agent, one.scope, path, is_dry_run=is_dry_run)
            outcome.changes.append(change)
    installations.tell(outcome, "removed from", form, is_dry_run=is_dry_run)
    if form == "text" and not outcome.changes:
        click.echo("nothing of rtkq is installed")


def _remove_old(root: str | None, form: str, *, is_dry_run: bool) -> None:
    scripts = [one.path for one in old_tool.leftovers(root) if not one.events]
    changes = old_tool.remove(root, is_dry_run=is_dry_run)
    installations.tell(Outcome(changes, []), "removed from", form, is_dry_run=is_dry_run)
    if form == "text":
        for script in scripts:
            verb = "would be removed" if is_dry_run else "removed"
            click.echo(f"{verb}: {installations.shortened(script)}")
        if not scripts and not changes:
            click.echo("nothing of the tool before rtkq is there")
