"""What ``--help`` says fits a screen, and begins with what is done most."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from rtkq import cli

#: Of a screen of 24 lines; one is left for the prompt.
LINES = 23
NAMES = cli.group.list_commands(click.Context(cli.group))


def helped(*words: str, columns: int) -> list[str]:
    """Return the lines of the help of a command on a terminal with so many *columns*."""
    result = CliRunner().invoke(cli.group, [*words, "--help"], terminal_width=columns)
    assert result.exit_code == 0
    return result.output.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_screen(name: str) -> None:
    """Nobody has to scroll for the usage."""
    assert len(helped(name, columns=80)) <= LINES


@pytest.mark.parametrize("name", [*NAMES, ""])
def test_help_fits_a_narrow_terminal(name: str) -> None:
    """Only choices and examples, which cannot be broken, may be wider."""
    found = helped(*filter(None, [name]), columns=60)

    assert not [
        line for line in found if len(line) > 60 and not re.match(r" +(rtkq |\{|-.*\[)", line)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example_that_is_understood(name: str) -> None:
    """Whoever copies it is not told that it is wrong."""
    examples = [line for line in helped(name, columns=80) if line.startswith("      ")]
    typed = [line for line in examples if line.split()[0] == "rtkq"]
    command = cli.group.get_command(click.Context(cli.group), name)

    assert typed or '"args": ["mcp"]' in "".join(examples)
    assert command is not None
    for line in typed:
        words = shlex.split(re.split(r" (?:&&|<) ", line)[0])
        assert words[:2] == ["rtkq", name]
        command.make_context(name, words[2:])


def test_commands_are_listed_from_the_first_needed_on() -> None:
    """A stranger begins at the top."""
    found = helped(columns=80)

    listed = [line.split()[0] for line in found if re.match(r"  [a-z]+ {2,}", line)]
    assert listed == NAMES
    assert listed[0] == "setup"
