"""The page about HTTP lists every path, whom it answers, and every error; that of metrics, all."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq import cli
from rtkq.serve import app, failures

PAGE = "docs/reference/http.md"
SERVE = Path(inspect.getfile(app)).parent
#: How the page calls whom a path answers, from the widest circle to the narrowest.
CALLERS = ("stranger", "webhook", "reader", "owner")


def paths() -> set[tuple[str, str, str]]:
    """Return method, path and audience of all that the daemon answers."""
    written = re.findall(r'Path\(\s*"(\w+)",\s*"([^"]+)",\s*For\.(\w+)', inspect.getsource(app))
    assert len(app.PATHS) < len(written)  # some are made where the daemon starts
    return set(written)


def test_every_path_is_documented(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """With its method."""
    told = {
        (method, path)
        for cell, method, *_ in table(page(PAGE).sections()["Paths"])
        for path in re.findall(r"`([^`]+)`", cell)
    }

    assert told == {(method, path) for method, path, _ in paths()}


def test_whom_each_path_answers_is_documented(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """Somebody decides by it whom to give which token."""
    rows = table(page(PAGE).sections()["Who is answered by a team's daemon"])
    told = {
        path: {caller for caller, cell in zip(CALLERS, cells, strict=True) if cell == "yes"}
        for names, *cells in rows
        for path in re.findall(r"`([^`]+)`", names) or ["all others"]
    }

    for _, path, audience in paths():
        roles = {role.name.lower() for role in app.For[audience].value}
        assert told.get(path, told["all others"]) == roles, path


def test_every_error_is_documented(
    page: Callable[[str], Any], table: Callable[[str], list[list[str]]]
) -> None:
    """With its status and its kind, which programs tell errors apart by."""
    told = {
        (int(status), kind)
        for status, kinds, _ in table(page(PAGE).sections()["Errors"])
        for kind in re.findall(r"`(\w+)`", kinds)
    }

    source = "".join(file.read_text() for file in SERVE.glob("*.py"))
    refused = re.findall(r'(?:[Rr]efused?|_refuse)\(\s*(\d+), "(\w+)"', source)
    given = {(int(status), kind) for status, kind in refused}
    given |= {(status, kind) for kind, status in failures._STATUS.items()}
    given |= {*failures._KIND.items(), (500, "defect")}
    assert told == given


def test_every_metric_is_documented(
    home: str,
    checkout: Any,
    page: Callable[[str], Any],
    table: Callable[[str], list[list[str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With its type; those of a team are in a table of their own."""
    listed = table(page("docs/reference/metrics.md").text)
    told = {(name.strip("`"), kind) for name, kind, *_ in listed if "_team_" not in name}

    for words in (["refresh", "--quiet", checkout.root], ["metrics", "--format", "prometheus"]):
        with pytest.raises(SystemExit):
            cli.main(words)

    printed = re.findall(r"^# TYPE (\w+) (\w+)$", capsys.readouterr().out, re.MULTILINE)
    assert told == {(name, kind) for name, kind in printed}
