"""Every command on a page is run, here or where NOT_HERE says, or it says there why it is not.

What `rtkq` has to understand is besides parsed by its real command line, in the contracts.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtkq import config, repository
from tests.conftest import Checkout

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    file.relative_to(ROOT).as_posix()
    for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    # Decisions are history, and translations have the same commands, as a contract holds.
    if "adr" not in file.parts and ".ru." not in file.name
)
#: How commands begin that are not run here, and why. Those that name a test are run there.
NOT_HERE = {
    "make ": "test_readme.py looks for the targets; they run these tests, or for minutes",
    "uv tool ": "needs a network",
    "pipx ": "needs a network",
    "pip ": "needs a network",
    "python3 -m venv /opt": "needs root",
    "/opt/rtkq/bin/pip ": "needs root and a network",
    "useradd ": "needs root",
    "cp deploy/team/systemd/": "needs root; test_deploy_team.py looks at the units",
    "systemctl ": "needs systemd; test_deploy.py and test_deploy_team.py look at the units",
    "git add .claude/": "test_readme.py sees that the file is made",
    "git pull": "needs a network",
    "git ls-remote ": "needs a network",
    "claude plugin ": "needs Claude Code; test_plugin.py looks at the files",
    "docker ": "needs Docker; test_deploy_team.py looks at the files",
    "kubectl ": "needs a cluster; test_deploy_team.py validates the files",
    "NAME=rtkq.example.org ": "needs a network; test_team_server.py runs Caddy so",
    "SERVER_PASSWORD=": "needs a superuser of PostgreSQL",
    "psql ": "needs PostgreSQL; test_deploy_team.py looks at the file",
    "curl -s https://": "needs a network; test_webhook.py and test_access.py ask the same",
    "export RTKQ_": "an address that stands for another",
    "RTKQ_": "lines of a file, and a setting before a command that goes on",
    "python -m tests.benchmarks ": "goes on for minutes",
    ".venv/bin/python -m tests.benchmarks ": "goes on for minutes",
    "rtkq setup": "test_setup.py runs it",
    "rtkq watch ": "goes on until it is stopped; test_process.py runs it",
    "rtkq worker ": "needs PostgreSQL; test_publishing.py runs it",
    "rtkq central ": "needs PostgreSQL; test_documented_commands.py runs it",
    "rtkq metrics --team": "needs PostgreSQL; test_contribute.py runs it",
    "rtkq init": "test_readme.py runs it",
    "rtkq service ": "test_service.py runs it, with a service manager that does as it is told",
    "rm -r ~/.local/share/rtkq": "nothing is left then",
}
_PATIENCE_S = 30.0


def commands(page: str) -> list[str]:
    """Return the commands of a *page*, but for the tutorial, which is run as a whole."""
    if "/tutorial/" in page:
        return []
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", (ROOT / page).read_text(), re.M | re.S)
    return [line for line in "".join(blocks).replace("\\\n", " ").splitlines() if line]


def is_elsewhere(command: str) -> bool:
    """Return whether *command* is one that is not run here."""
    return any(command.startswith(beginning) for beginning in NOT_HERE)


class Reader:
    """Somebody who types what a page says, in a checkout at ``~/src/shop``."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "you"
        self.checkout = Checkout(self.home / "src/shop")
        self.checkout.write("cart/session.py", "def refresh_session(token):\n    return token\n")
        shutil.copytree(ROOT / "deploy", Path(self.checkout.root, "deploy"))
        self.checkout.git("add", ".")
        self.checkout.git("commit", "-qm", "Begin")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        own = ("RTKQ_", "XDG_", "GIT_", "CLAUDE_", "CODEX_")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(own)}
        self.environment = inherited | {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "RTKQ_SERVE_PORT": str(self.port),
            "RTKQ_HOOK_DEADLINE_MS": "20000",  # a busy machine is no reason to fail
        }

    def types(self, *lines: str) -> subprocess.CompletedProcess[str]:
        """Type *lines* that are written for the standard port and the home of ``me``."""
        script = "\n".join(["set -ex", *lines])
        here = script.replace(":7700", f":{self.port}").replace("/home/me", str(self.home))
        return subprocess.run(
            ["sh", "-c", here],
            cwd=self.checkout.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A reader who has built the memory of the checkout, and goes through all pages."""
    made = Reader(tmp_path_factory.mktemp("reader"))
    assert made.types("rtkq refresh --quiet").returncode == 0
    return made


@pytest.fixture(scope="module")
def daemon(reader: Reader) -> Iterator[None]:
    """The HTTP daemon of the reader."""
    place = reader.home / ".local/share/rtkq/run/serve.sock"
    words = [sys.executable, "-m", "rtkq.cli", "serve", "--quiet"]
    with subprocess.Popen(words, env=reader.environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + _PATIENCE_S
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        yield
        process.terminate()


def examples() -> dict[str, list[str]]:
    """Return what is run here, by page; what two pages say is run once."""
    first: dict[str, str] = {}
    for page in PAGES:
        for command in commands(page):
            if not is_elsewhere(command):
                first.setdefault(command.partition("  #")[0].strip(), page)
    return {page: [one for one in first if first[one] == page] for page in first.values()}


@pytest.mark.parametrize(("page", "lines"), examples().items(), ids=examples())
def test_commands_of_a_page_work(
    page: str, lines: list[str], reader: Reader, request: pytest.FixtureRequest
) -> None:
    """One after the other and in one shell, as they stand there."""
    if any("localhost:7700" in one for one in lines):
        request.getfixturevalue("daemon")

    done = reader.types(*(f"{one} {may_find(one)}" for one in lines))

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for kind in ("usage", "malformed", "path", "method"):
        assert f'"kind":"{kind}"' not in done.stdout


def may_find(command: str) -> str:
    """Return what lets the doctor leave with what it found: there is no watcher."""
    return "|| [ $? -le 2 ]" if command.startswith("rtkq doctor") else ""


def test_what_is_not_run_is_on_a_page() -> None:
    """And the tests that are named are there."""
    told = [command for page in PAGES for command in commands(page)]
    tests = {file.name for file in ROOT.glob("tests/**/test_*.py")}

    for beginning, reason in NOT_HERE.items():
        assert any(command.startswith(beginning) for command in told), beginning
        assert set(re.findall(r"test_\w+\.py", reason)) <= tests, reason


def test_files_that_commands_name_are_there() -> None:
    """Also where nobody can run the command here."""
    words = {word for page in PAGES for one in commands(page) for word in one.split()}

    for word in words:
        if re.match(r"(\./)?deploy/", word):
            assert list(ROOT.glob(word.removeprefix("./"))), word


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a *language* on a *page*."""
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "toml")])
def test_settings_of_a_page_are_taken(page: str, tmp_path: Path) -> None:
    """As those of a user; the page about settings ends with those of a repository."""
    file = tmp_path / repository.FILE
    for text in blocks(page, "toml"):
        file.write_text(text)
        if "[ignore]" in text:
            assert repository.wishes(str(tmp_path)) != repository.Wishes()
        else:
            config.load({"RTKQ_CONFIG": str(file)})


def test_entry_for_agents_with_mcp_starts_the_server() -> None:
    """It is pasted into an agent's settings."""
    (entry,) = blocks("docs/how-to/connect-by-mcp.md", "json")
    (server,) = json.loads(entry)["mcpServers"].values()

    assert [server["command"], *server["args"]] == ["rtkq", "mcp"]


def test_document_of_the_plugin_is_answered(reader: Reader) -> None:
    """As the page about the hook says: with a prompt to put in the place of the other."""
    (document,) = blocks("docs/reference/hook.md", "json")
    asked = shlex.quote(document.replace("cart_total", "refresh_session"))

    done = reader.types(f"printf %s {asked} | rtkq hook opencode")

    assert "def refresh_session" in json.loads(done.stdout)["prompt"]
