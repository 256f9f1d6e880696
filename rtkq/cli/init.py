"""``rtkq init``: the one installer of all hooks, context and policy together."""

from __future__ import annotations

import click

from rtkq import agents
from rtkq.agents import AGENTS, Scope
from rtkq.cli import installations, options
from rtkq.cli.checkout import root_of
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
@options.format_option
def command(
    names: tuple[str, ...],
    scope: str | None,
    transport: str,
    dry_run: bool,
    show: bool,
    uninstall: bool,
    form: str,
) -> int:
    """Let coding agents ask rtkq whenever they spawn a subagent.

    By default Claude Code, for you in all projects. Doing it again changes nothing. Examples:

        rtkq init --dry-run

        rtkq init --agent codex --agent gemini

        rtkq init --uninstall
    """
    if show and uninstall:
        raise click.UsageError("--show and --uninstall exclude each other.")
    root = _root(scope)
    found = [
        one
        for one in agents.survey(root)
        if one.agent in (names or AGENTS) and scope in (None, one.scope)
    ]
    if show:
        installations.show(root, found, form)
        return 0 if all(one.is_sound for one in found) else 1
    if uninstall:
        outcome = installations.each(
            [(one.agent, one.scope) for one in found if one.is_removable],
            lambda name, one: agents.uninstall(name, one, root, is_dry_run=dry_run),
        )
        installations.tell(outcome, "removed from", form, is_dry_run=dry_run)
    else:
        outcome = installations.each(
            [(name, scope or Scope.USER) for name in names or _DEFAULT],
            lambda name, one: agents.install(name, one, root, transport, is_dry_run=dry_run),
        )
        installations.tell(outcome, "installed in", form, is_dry_run=dry_run)
    return 0


def _root(scope: str | None) -> str | None:
    try:
        return root_of(".")
    except ProjectError:
        if scope in (Scope.PROJECT, Scope.LOCAL):
            raise
        return None
