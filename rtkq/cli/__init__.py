"""The command line: one file a command, bodies imported late; the only place that wires parts."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from rtkq.errors import HomeError, RtkqError, StoreFull, UsageError

#: Every command under what it is for, in the order in which somebody new needs them.
_SECTIONS = {
    "Begin": {
        "setup": "set everything up: hooks, service, memory",
        "doctor": "look for everything that could be wrong, and repair it",
    },
    "Ask": {
        "plan": "show the context for a task",
        "explore": "show what is known of a project, layer by layer",
        "delta": "list what changed since the last build",
    },
    "Look": {
        "status": "show what is known and what is owed",
        "top": "show live whether it works",
        "metrics": "show what hooks and workers did, in numbers",
        "gain": "show what contexts were worth",
        "discover": "list subagents that started without context, and why",
    },
    "Run": {
        "up": "run watcher, workers and HTTP daemon in the foreground",
        "service": "keep watcher and workers running in the background",
        "serve": "answer over HTTP, with a page to look at",
        "watch": "run the watcher alone",
        "worker": "run the workers alone",
        "token": "let a team ask the HTTP daemon",
        "devenv": "open watcher, workers and health in tmux",
    },
    "Memory": {
        "refresh": "bring a memory up to date and wait",
        "sync": "wait until every change on disk is in the memory",
        "clear": "forget a project's memory",
    },
    "Team": {
        "central": "choose the remotes that server workers keep indexed",
    },
    "Agents": {
        "init": "let coding agents call the hook, or no longer",
        "mcp": "offer plan and explore to any agent, over MCP",
        "hook": "answer an agent's hook, for debugging",
    },
}
_COMMANDS = [name for section in _SECTIONS.values() for name in section]
_WIDEST = max(map(len, _COMMANDS))


class _LateGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return _COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"rtkq.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{_WIDEST}}", text) for name, text in commands.items()])


@click.command(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rtkq")
def group() -> None:
    """Memory for coding agents: every subagent starts knowing where things are.

    Begin in a project with `rtkq setup`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0, 1 problem, 2 usage, 130 interrupted."""
    os.umask(0o077)  # whatever rtkq stores is this user's alone
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = group.main(words, prog_name="rtkq", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.UsageError as error:
        _tell_usage(error, is_json=_wants_json(words))
        sys.exit(_wrong_usage(words))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except RtkqError as error:
        _tell(error, is_json=_wants_json(words))
        sys.exit(1)
    except OSError as error:
        _tell(_translated(error), is_json=_wants_json(words))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _wrong_usage(words: Sequence[str]) -> int:
    """Return the exit code of wrong usage; with 2 the doctor says that there are warnings."""
    return os.EX_USAGE if words[:1] == ["doctor"] else 2


def _wants_json(words: Sequence[str]) -> bool:
    pairs = zip(words, [*words[1:], ""], strict=True)
    return any((a == "--format" and b == "json") or a == "--format=json" for a, b in pairs)


def _translated(error: OSError) -> RtkqError:
    told = f"using {error.filename} failed: {error.strerror}" if error.filename else str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull(told, "free some disk space and try again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        return HomeError(told, "make it writable or point RTKQ_HOME to another folder")
    return RtkqError(told, "`rtkq doctor` looks for what is wrong")


def _tell_usage(error: click.UsageError, *, is_json: bool) -> None:
    if not is_json:
        error.show()
        return
    command = error.ctx.command_path if error.ctx else "rtkq"
    _tell(UsageError(error.format_message(), f"see {command} --help"), is_json=True)


def _tell(error: RtkqError, *, is_json: bool) -> None:
    if is_json:
        print_json({"error": {"kind": error.kind, "message": error.message, "hint": error.hint}})
        return
    click.echo(f"rtkq: {error.message}", err=True)
    if error.hint:
        click.echo(f"      {error.hint}", err=True)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
