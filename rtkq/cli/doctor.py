"""``rtkq doctor``: everything that could be wrong, and what can be done about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rtkq import config, paths
from rtkq.cli import options, print_json
from rtkq.cli.checkout import registered_root_of, root_of
from rtkq.errors import ConfigError, StoreError
from rtkq.recall.render import clean

if TYPE_CHECKING:
    from rtkq.doctor import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
_PLURALS = (("fail", "failure", "failures"), ("warn", "warning", "warnings"), ("ok", "ok", "ok"))


@click.command("doctor")
@options.path_argument
@click.option("--fix", is_flag=True, help="Repair what can be repaired safely.")
@options.format_option
def command(path: str, fix: bool, form: str) -> int:
    """Look for everything that could be wrong with rtkq, here and for the project at PATH.

    Exit code 0 when all is well, 1 after a failure, 2 after warnings alone. Example:

        rtkq doctor --fix
    """
    from rtkq import doctor

    settings = _settings()
    patient = doctor.Patient(_root(settings.home, path), settings)
    findings = doctor.examine(patient, is_fixing=fix)
    if form == "json":
        listed = list(findings)
        print_json([asdict(one) for one in listed])
        return doctor.exit_code(listed)
    return doctor.exit_code(print_findings(findings))


def print_findings(findings: Iterable[Finding], *, is_brief: bool = False) -> list[Finding]:
    """Print each finding as it comes, below the name of its group, and return them all.

    Args:
        findings: In the order of their groups.
        is_brief: Leave out what is as it should be.
    """
    found: list[Finding] = []
    group = fixed = ""
    for one in findings:
        found.append(one)
        if is_brief and one.result == "ok":
            continue
        if one.group != group:
            click.echo(_styled(one.group.capitalize(), bold=True))
        if one.fixed and one.fixed != fixed:
            click.echo(f"  {_styled('fixed', fg='cyan')} {clean(one.fixed)}")
        group, fixed = one.group, one.fixed
        _print_finding(one)
    click.echo(_summary(found))
    return found


def _print_finding(one: Finding) -> None:
    word = _styled(f"{one.result:5}", fg=_COLOURS[one.result])
    click.echo(f"  {word} {one.check:16} {clean(one.detail)}")
    if one.hint:
        click.echo(f"{'':25}{_styled('→ ' + clean(one.hint), dim=True)}")


def _summary(findings: list[Finding]) -> str:
    count = Counter(str(one.result) for one in findings)
    told = [
        f"{count[result]} {one if count[result] == 1 else many}" for result, one, many in _PLURALS
    ]
    return ", ".join(told)


def _root(home: str, path: str) -> str:
    """Return the root of the project at *path*; asks the registry only if there is a sound one."""
    if not os.path.exists(paths.registry_file(home)):
        return root_of(path)
    try:
        return registered_root_of(home, path)
    except StoreError:
        return root_of(path)


def _settings() -> config.Settings:
    """Return the settings, or the defaults where a wrong one is about to be found."""
    try:
        return config.load()
    except ConfigError:
        return config.Settings(home=config.home(os.environ))


def _styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return click.style(text, fg=fg, bold=bold or None, dim=dim or None)
