"""``rtkq mcp``: what ``plan`` and ``explore`` print, as tools of an MCP server over stdio."""

from __future__ import annotations

import importlib.metadata
import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Literal

import click

from rtkq import config
from rtkq.answers import explore as layered
from rtkq.answers import plan as ranked
from rtkq.cli.checkout import registered_root_of
from rtkq.errors import ExtraMissing, RtkqError

if TYPE_CHECKING:
    from mcp.server import MCPServer

#: Models read it in every session, so it is short, and says what there is, not what to do.
INSTRUCTIONS = (
    "Facts about the code of a project folder, precomputed. "
    "plan: files and definitions for a task. explore: the layers of a project, without a task."
)
_LOWEST_BUDGET_TOKENS = 50
_INTERRUPTED = 130
QueryType = Literal["general", "bugfix", "feature", "refactor", "incident"]
Detail = Literal["compact", "normal", "verbose"]


@click.command("mcp")
def command() -> None:
    """Serve `plan` and `explore` as tools to an agent, by MCP over stdin and stdout.

    An agent starts it by itself; it ends when stdin does. Example of an entry:

        {"mcpServers": {"rtkq": {"command": "rtkq", "args": ["mcp"]}}}
    """
    config.load()  # what is wrong there is told now, not at the first call
    # The loop would wait for the thread that waits for stdin; there is nothing to tidy up.
    signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(_INTERRUPTED))
    server().run("stdio")


def server() -> MCPServer:
    """Return the server with its tools.

    Raises:
        ExtraMissing: The SDK is not installed.
    """
    try:
        from mcp.server import MCPServer
    except ImportError as error:
        raise ExtraMissing("rtkq mcp", "mcp", error.name or "mcp") from error

    made = MCPServer(
        "rtkq",
        instructions=INSTRUCTIONS,
        version=importlib.metadata.version("rtkq"),
        log_level="WARNING",
    )
    for tool in (plan, explore):
        made.add_tool(_telling(tool), structured_output=False)
    return made


def plan(task: str, path: str = ".", budget: int | None = None) -> str:
    """Files and definitions for a task, best first, with lines and signatures.

    Args:
        task: What is to be done or found, in words.
        path: A folder of the project; the server's own folder when omitted.
        budget: Upper bound of the answer in tokens of 4 characters; never taken below 50.
    """
    settings = config.load()
    root = registered_root_of(settings.home, path)
    budget_tokens = budget and max(budget, _LOWEST_BUDGET_TOKENS)
    return str(ranked.plan(settings, root, task, budget_tokens=budget_tokens)["text"])


def explore(path: str = ".", query_type: QueryType = "general", detail: Detail = "normal") -> str:
    """Layers of a project: map, public names, types, signatures, dependencies, tests, changes.

    Args:
        path: A folder of the project; the server's own folder when omitted.
        query_type: The kind of question, which decides the layers.
        detail: At most 30, 120 or 600 lines a layer.
    """
    settings = config.load()
    root = registered_root_of(settings.home, path)
    found = layered.explore(settings, root, query_type=query_type, detail=detail)
    return layered.text(found)


def _telling(tool: Callable[..., str]) -> Callable[..., str]:
    """Return *tool* with errors that the calling model is told in our words."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    def told_errors(*args: object, **named: object) -> str:
        try:
            return tool(*args, **named)
        except RtkqError as error:
            raise ToolError(f"{error.message}; {error.hint}") from error

    return told_errors
