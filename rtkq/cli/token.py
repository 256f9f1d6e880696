"""``rtkq token``: who may ask a daemon that answers a team."""

from __future__ import annotations

import re
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from rtkq import config
from rtkq.cli import options, print_json
from rtkq.errors import UsageError

if TYPE_CHECKING:
    from rtkq.access import Grant, GrantStore

_NAME = re.compile(r"[\w.@+-]{1,64}")


@click.command("token")
@click.argument("action", type=click.Choice(["add", "list", "remove"]))
@click.argument("name", default="")
@click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="GLOB",
    help="Add: what it may see, by root or remote; several times; default: all.",
)
@click.option(
    "--expires",
    "expires_s",
    callback=options.span_s,
    metavar="SPAN",
    help="Add: how long it is good for, as in 90d; default: until it is removed.",
)
@click.option("--webhook", is_flag=True, help="Add: it may announce changes, and nothing else.")
@options.format_option
def command(
    action: str,
    name: str,
    projects: tuple[str, ...],
    expires_s: int | None,
    webhook: bool,
    form: str,
) -> None:
    """Let others ask `rtkq serve --server`, or no longer.

    A token is shown once, when it is added; what is kept of it cannot be turned back into it.
    Example:

        rtkq token add anna --project 'github.com/acme/*' --expires 90d
    """
    from rtkq import team

    _check_usage(action, name, is_adding=bool(projects or webhook or expires_s is not None))
    with closing(team.grants(config.load())) as store:
        if action == "add":
            _add(store, name, projects, expires_s, is_webhook=webhook, form=form)
        elif action == "remove":
            _remove(store, name)
        else:
            _list(store.grants(), form)


def _check_usage(action: str, name: str, *, is_adding: bool) -> None:
    if action == "list" and name:
        raise click.UsageError("list takes no name")
    if action != "list" and not _NAME.fullmatch(name):
        raise click.UsageError(f"{action} takes a name of letters, digits and . @ + _ -")
    if action != "add" and is_adding:
        raise click.UsageError("--project, --expires and --webhook go with add")


def _add(
    store: GrantStore,
    name: str,
    projects: tuple[str, ...],
    expires_s: int | None,
    *,
    is_webhook: bool,
    form: str,
) -> None:
    from rtkq.access import Grant, Role, digest_of, new_token

    token = new_token()
    now = int(time.time())
    role = Role.WEBHOOK if is_webhook else Role.READER
    expires_at = 0 if expires_s is None else now + expires_s
    grant = Grant(name, digest_of(token), role, projects, now, expires_at)
    if not store.add(grant):
        raise UsageError(
            f"there is a token for {name} already", f"remove it first: rtkq token remove {name}"
        )
    if form == "json":
        print_json({"token": token, **_told(grant)})
        return
    click.echo(f"{name} {_sight(grant)}, {_validity(grant)}; this is not shown again:", err=True)
    click.echo(token)


def _remove(store: GrantStore, name: str) -> None:
    if not store.remove(name):
        raise UsageError(f"there is no token for {name}", "`rtkq token list` names all")
    click.echo(f"{name}: removed")


def _list(grants: list[Grant], form: str) -> None:
    if form == "json":
        print_json([_told(one) for one in grants])
        return
    if not grants:
        click.echo("there are no tokens; `rtkq token add NAME` makes one")
    for one in grants:
        click.echo(f"{one.name:20} {_validity(one):24} {_sight(one)}")


def _told(grant: Grant) -> dict[str, Any]:
    return {
        "name": grant.name,
        "role": grant.role.value,
        "projects": list(grant.projects),
        "created_at": _instant(grant.created_at),
        "expires_at": _instant(grant.expires_at) if grant.expires_at else None,
        "is_valid": grant.is_valid(time.time()),
    }


def _sight(grant: Grant) -> str:
    verb = "announces" if grant.role.value == "webhook" else "sees"
    return f"{verb} {', '.join(grant.projects) or 'all projects'}"


def _validity(grant: Grant) -> str:
    if not grant.expires_at:
        return "until it is removed"
    word = "until" if grant.is_valid(time.time()) else "expired"
    return f"{word} {_instant(grant.expires_at)}"


def _instant(at_s: int) -> str:
    from rtkq import recall

    return recall.instant(1000 * at_s)
