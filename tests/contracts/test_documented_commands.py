"""The reference names every command, option and JSON field, and no page names one that is not."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from rtkq import cli, doctor, errors
from rtkq.recall import layers
from rtkq.recall.rank import WEIGHTS

ROOT = Path(__file__).parents[2]
REFERENCE = "docs/reference/commands.md"
#: Decisions tell what was thought of, also what never came to be.
PAGES = sorted(
    file.relative_to(ROOT).as_posix()
    for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if "adr" not in file.parts
)
#: Common to all commands, and documented once.
HELP = {"-h", "--help"}
_PATIENCE_S = 20.0


def command(name: str) -> click.Command:
    """Return the command of this *name*."""
    found = cli.group.get_command(click.Context(cli.group), name)
    assert found is not None, f"there is no command {name}"
    return found


def options(name: str) -> dict[str, click.Option]:
    """Return the options of a command by each of their spellings, but for its help."""
    listed = [one for one in command(name).params if isinstance(one, click.Option)]
    return {spelling: one for one in listed for spelling in one.opts}


def names() -> list[str]:
    """Return the names of all commands."""
    return cli.group.list_commands(click.Context(cli.group))


def test_each_command_has_its_section(page: Callable[[str], Any]) -> None:
    """Somebody who knows a command's name finds it, and a command that is gone is not found."""
    headings = page(REFERENCE).sections()

    documented = {heading.split()[1] for heading in headings if heading.startswith("rtkq ")}

    assert documented == set(names())


@pytest.mark.parametrize("name", names())
def test_section_says_how_the_command_is_called(name: str, page: Callable[[str], Any]) -> None:
    """The usage line is the one that ``--help`` prints."""
    context = click.Context(command(name), info_name=f"rtkq {name}")
    pieces = " ".join(command(name).collect_usage_pieces(context))

    assert f"```text\nrtkq {name} {pieces}\n```" in page(REFERENCE).sections()[f"rtkq {name}"]


@pytest.mark.parametrize("name", names())
def test_section_names_each_option(
    name: str, page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """With all spellings, what can be chosen from, and what holds when it is not given."""
    documented = {
        spelling: (choices, default)
        for spellings, choices, default, _ in rows(page(REFERENCE).sections()[f"rtkq {name}"])
        for spelling in spellings
    }

    assert documented.keys() == options(name).keys()
    for spelling, option in options(name).items():
        choices, default = documented[spelling]
        assert choices == list(getattr(option.type, "choices", []))
        if not (option.is_flag or option.count or option.default is None):
            assert default == [str(option.default)] or not isinstance(option.default, str | float)


@pytest.mark.parametrize("path", PAGES)
def test_what_pages_tell_to_type_is_understood(path: str, page: Callable[[str], Any]) -> None:
    """By the real command line: a command that is refused is the worst a reader can meet."""
    for block in page(path).blocks("sh"):
        for words in typed(block):
            assert_understood(words)


@pytest.mark.parametrize("path", PAGES)
def test_what_pages_name_in_passing_exists(path: str, page: Callable[[str], Any]) -> None:
    """In backquotes stand parts of commands, which are not whole enough to be parsed."""
    for line in page(path).inline_code():
        if re.match(r"(\w+=\S+ )*rtkq ", line):
            assert_exists(line)


def typed(block: str) -> list[list[str]]:
    """Return the words behind each ``rtkq`` that somebody types with this *block*."""
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        for words in commands_in(line):
            # Where something else starts it, as Docker does; not where its package is named.
            at = words.index("rtkq") if "rtkq" in words[:-1] else len(words)
            found.append(words[at + 1 :])
    return [words for words in found if words]


def commands_in(line: str) -> list[list[str]]:
    """Return the words of each command in a *line* of a shell, without where its output goes."""
    lexer = shlex.shlex(line.replace("2>&1", ""), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word[0] in "();<>|&":
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:  # a line of a text that goes on: no command
        return []
    return commands


def assert_understood(words: list[str]) -> None:
    """Assert that the command line takes these *words* as they are; nothing is done."""
    name, *rest = words
    if name.startswith("-"):
        assert words in (["--version"], ["--help"], ["-h"])
        return
    with contextlib.suppress(click.exceptions.Exit):
        command(name).make_context(name, rest)


def assert_exists(line: str) -> None:
    """Assert that the command and the options in *line* exist."""
    words = shlex.split(re.split(r" [12]?[&|<>]", line.partition("rtkq ")[2])[0], comments=True)
    if words[0].startswith("-"):
        assert words in (["--version"], ["--help"], ["-h"])
        return
    spellings = {word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)}
    assert spellings <= options(words[0]).keys() | HELP, line


def test_each_kind_of_error_is_named(
    page: Callable[[str], Any], rows: Callable[[str], Any]
) -> None:
    """Scripts tell errors apart by their kind."""
    section = page(REFERENCE).sections()["JSON of errors"]

    documented = {kind for (kind, *_), *more in rows(section) if len(more) == 1}

    defined = vars(errors).values()
    kinds = {one.kind for one in defined if isinstance(one, type) and hasattr(one, "kind")}
    assert documented == kinds


# -- JSON --------------------------------------------------------------------------------


def fields(value: Any) -> set[str]:
    """Return the places of all plain values in a JSON document, as the reference writes them."""
    return leaves(set(_places(value, "")))


def _places(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _places(part, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        yield f"{place}[]"
        for part in value:
            yield from _places(part, f"{place}[]")
    else:
        place = re.sub(rf"^context\.({'|'.join(layers.NAMES)})$", "context.<layer>", place)
        yield re.sub(rf"shares\.({'|'.join(WEIGHTS)})$", "shares.<signal>", place)


def leaves(places: set[str]) -> set[str]:
    """Return those *places* that hold no others."""
    return {one for one in places if not any(other.startswith(f"{one}.") for other in places)}


@pytest.fixture
def documented(page: Callable[[str], Any], rows: Callable[[str], Any]) -> Callable[[str], set[str]]:
    """Return the fields that a section of the reference names."""

    def of(heading: str) -> set[str]:
        listed = rows(page(REFERENCE).sections()[heading])
        return leaves({place for (place, *_), _, *more in listed if more})

    return of


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Return the JSON document that a command prints."""
    with pytest.raises(SystemExit):
        cli.main([*words, "--format", "json"])
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def refreshed(home: str, checkout: Any) -> str:
    """The root of a checkout with a memory."""
    with pytest.raises(SystemExit):
        cli.main(["refresh", "--quiet", checkout.root])
    return str(checkout.root)


@pytest.fixture
def running(home: str) -> Iterator[None]:
    """Watcher and workers have given a sign of life."""
    words = [sys.executable, "-m", "rtkq.cli", "up", "--quiet"]
    with subprocess.Popen(words) as up:
        deadline = time.monotonic() + _PATIENCE_S
        beats = [Path(home, f"run/{kind}.heartbeat") for kind in ("watch", "worker")]
        while not all(map(os.path.exists, beats)) and time.monotonic() < deadline:
            time.sleep(0.02)
        yield
        up.send_signal(signal.SIGTERM)


def test_plan_prints_the_fields_of_the_reference(
    refreshed: str,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """JSON output is a contract: what it holds is written down, and the other way round."""
    found = printed(capsys, "plan", "refresh the session", refreshed, "--trace")

    assert fields(found) == documented("JSON of rtkq plan")


@pytest.mark.parametrize("name", ["explore", "delta"])
def test_explore_and_delta_print_the_fields_of_the_reference(
    name: str,
    refreshed: str,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With a change on the disk, so that there is a file to tell of."""
    Path(refreshed, "src/new.py").write_text("")

    found = printed(capsys, name, refreshed)

    assert fields(found) == documented(f"JSON of rtkq {name}")


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client has written down a session with our hook and one without."""
    sessions = ROOT / "tests/fixtures/claude-code/2.1.330/transcripts"
    for name in ("injected", "bare"):
        project = tmp_path / "client/projects/-home-dev-shop"
        shutil.copytree(sessions / name, project, dirs_exist_ok=True)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "client"))
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "none"))


def test_discover_prints_the_fields_of_the_reference(
    home: str,
    recorded: None,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With one subagent that has the context, and one that has not."""
    found = printed(capsys, "discover", "--since", "9999w")

    assert fields(found) == documented("JSON of rtkq discover")


def test_gain_prints_the_fields_of_the_reference(
    home: str,
    recorded: None,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The recorded project is nowhere here, so any folder is taken for it."""
    monkeypatch.setattr("rtkq.answers.gain.project_of", lambda _folder: "/home/dev/shop")

    found = printed(capsys, "gain", "--since", "9999w")

    assert fields(found) == documented("JSON of rtkq gain")


def test_status_prints_the_fields_of_the_reference(
    refreshed: str,
    running: None,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With watcher and workers alive and a team, for they tell most."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", "postgresql://127.0.0.1/team")
    monkeypatch.setenv("RTKQ_QUEUE_URL", "redis://127.0.0.1/0")
    found = printed(capsys, "status", refreshed)

    assert fields(found) == documented("JSON of rtkq status")


def test_doctor_prints_the_fields_of_the_reference(
    home: str,
    tmp_path: Path,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However much is wrong."""
    monkeypatch.setenv("HOME", str(tmp_path))

    found = printed(capsys, "doctor", str(tmp_path))

    assert fields(found) == documented("JSON of rtkq doctor")


def test_each_check_of_the_doctor_is_documented(
    page: Callable[[str], Any], table: Callable[[str], Any]
) -> None:
    """In its group, in order, and with a repair exactly where there is one."""
    sections = page("docs/reference/doctor.md").sections()

    told = {
        group: [(name.strip("`"), bool(repair)) for name, _, repair in table(sections[group])]
        for group in sections
    }

    assert told == {
        group: [(check.name, check.mend is not None) for check in checks]
        for group, checks in doctor.GROUPS.items()
    }


def test_service_prints_the_fields_of_the_reference(
    tmp_path: Path,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Uninstalling tells as much as any other action, and works without services."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    found = printed(capsys, "service", "uninstall")

    assert fields(found) == documented("JSON of rtkq service")


def test_token_prints_the_fields_of_the_reference(
    home: str, documented: Callable[[str], set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """When one is added, and when they are listed."""
    added = printed(capsys, "token", "add", "anna", "--project", "/srv/*")
    (listed,) = printed(capsys, "token", "list")

    assert fields(added) == documented("JSON of rtkq token")
    assert fields(listed) == fields(added) - {"token"}


def test_central_prints_the_fields_of_the_reference(
    home: str,
    database: str,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was chosen, and how it stands."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", database)

    added = printed(capsys, "central", "add", "https://git.example.org/cart.git")
    listed = printed(capsys, "central", "list")

    assert fields(added) | fields(listed) == documented("JSON of rtkq central")


def test_init_prints_the_fields_of_the_reference(
    home: str,
    tmp_path: Path,
    documented: Callable[[str], set[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With something installed, and something that the tool before rtkq has left."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    command = {"type": "command", "command": "rtk-block-task.sh"}
    tmp_path.joinpath("settings.json").write_text(json.dumps({"hooks": {"Stop": [command]}}))

    changed = printed(capsys, "init", "--transport", "http", "--agent", "codex", "--dry-run")
    shown = printed(capsys, "init", "--show")

    assert fields(changed) | fields(shown) == documented("JSON of rtkq init")


def test_errors_print_the_fields_of_the_reference(
    home: str, documented: Callable[[str], set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the command was called wrongly."""
    found = [
        printed(capsys, "plan", "a task", f"{home}/nowhere"),
        printed(capsys, "status", "--no-such-option"),
    ]

    assert [fields(one) for one in found] == 2 * [documented("JSON of errors")]
