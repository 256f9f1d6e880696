"""``rtkq mcp`` gives any agent what the commands print: the SDK's client asks a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import anyio
import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client import Client

from rtkq import cli
from rtkq.cli import mcp
from rtkq.recall import layers

RTKQ = [sys.executable, "-m", "rtkq.cli"]
TASK = "Where is a session refreshed?"


def printed(*words: str) -> str:
    """Return what a command prints."""
    return subprocess.run([*RTKQ, *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def refreshed(home: str, checkout: Any) -> str:
    """The root of a checkout with a memory."""
    with pytest.raises(SystemExit):
        cli.main(["refresh", "--quiet", checkout.root])
    return str(checkout.root)


@pytest.fixture
def served(home: str, tmp_path: Any) -> Callable[[Callable[[Client], Awaitable[Any]], str], Any]:
    """Return how to talk with a server that was started in a folder."""

    def ask(talk: Callable[[Client], Awaitable[Any]], folder: str) -> Any:
        variables = {"RTKQ_HOME": home, "RTKQ_CONFIG": str(tmp_path / "config.toml")}
        process = StdioServerParameters(
            command=RTKQ[0], args=[*RTKQ[1:], "mcp"], env=variables, cwd=folder
        )

        async def session() -> Any:
            with anyio.fail_after(60):
                async with Client(stdio_client(process)) as client:
                    return await talk(client)

        return anyio.run(session)

    return ask


def text_of(result: Any) -> str:
    """Return the text of a tool's answer, which is all there is of it."""
    (part,) = result.content
    return str(part.text)


def test_tools_answer_what_the_commands_print(
    refreshed: str, served: Callable[..., Any], tmp_path: Any
) -> None:
    """With a path from anywhere, and without one for the folder the agent works in."""

    async def talk(client: Client) -> list[str]:
        asked = [
            ("plan", {"task": TASK}),
            ("plan", {"task": TASK, "path": f"{refreshed}/src", "budget": 60}),
            ("explore", {}),
            ("explore", {"path": refreshed, "query_type": "bugfix", "detail": "compact"}),
        ]
        return [text_of(await client.call_tool(name, given)) for name, given in asked]

    answers = served(talk, refreshed)

    assert [f"{answer}\n" for answer in answers] == [
        printed("plan", TASK, refreshed),
        printed("plan", TASK, refreshed, "--budget", "60"),
        printed("explore", refreshed),
        printed("explore", refreshed, "--query-type", "bugfix", "--detail", "compact"),
    ]


def test_client_learns_what_there_is_and_nothing_else(
    refreshed: str, served: Callable[..., Any]
) -> None:
    """Two tools and two sentences: instructions are read in every session."""

    async def talk(client: Client) -> tuple[str, dict[str, set[str]]]:
        tools = (await client.list_tools()).tools
        parameters = {tool.name: set(tool.input_schema["properties"]) for tool in tools}
        return str(client.instructions), parameters

    instructions, parameters = served(talk, refreshed)

    assert instructions == mcp.INSTRUCTIONS
    assert len(instructions) < 200
    assert parameters == {
        "plan": {"task", "path", "budget"},
        "explore": {"path", "query_type", "detail"},
    }


def test_what_cannot_be_answered_is_told_to_the_model(
    checkout: Any, served: Callable[..., Any]
) -> None:
    """The sentence says what to do, and the server goes on."""

    async def talk(client: Client) -> list[Any]:
        asked = [{"task": TASK}, {"task": TASK, "path": "/nowhere/at/all"}, {}]
        return [await client.call_tool("plan", given) for given in asked]

    unknown, nowhere, wrong = served(talk, checkout.root)

    assert unknown.is_error
    assert nowhere.is_error
    assert wrong.is_error
    assert f"rtkq refresh {checkout.root}" in text_of(unknown)
    assert "/nowhere/at/all is no folder" in text_of(nowhere)


def test_choices_of_the_tools_are_those_of_the_command() -> None:
    """They are spelled out twice, because the SDK reads them from the types."""
    assert list(get_args(mcp.QueryType)) == list(layers.ROUTES)
    assert list(get_args(mcp.Detail)) == list(layers.LINES)


def test_without_the_sdk_the_command_says_how_to_install_it(home: str) -> None:
    """It is an extra: whoever does not need it does not have it."""
    without = "import sys; sys.modules['mcp'] = None; from rtkq import cli; cli.main(['mcp'])"

    done = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True)

    assert done.returncode == 1
    assert "uv tool install '.[mcp]'" in done.stderr
    assert done.stdout == ""


def test_other_commands_do_not_load_the_sdk(refreshed: str) -> None:
    """What an agent may ask for once must not slow down what is asked all day."""
    look = (
        "import sys; from rtkq import cli\n"
        f"try: cli.main(['status', {refreshed!r}])\n"
        "except SystemExit: print('mcp' in sys.modules, 'pydantic' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "False False"


def test_interrupted_server_ends_at_once(home: str) -> None:
    """Whoever started it in a terminal by mistake gets out by Ctrl-C."""
    server = subprocess.Popen([*RTKQ, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    server.stdin.flush()
    server.stdout.readline()

    server.send_signal(signal.SIGINT)

    assert server.wait(30) == 130
    server.stdin.close()
    server.stdout.close()
