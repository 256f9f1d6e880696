"""What install refuses, falls back to and tells, and that uninstalling undoes it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtkq import agents
from rtkq.agents import AGENTS, Scope, State
from rtkq.agents.form import Call
from rtkq.errors import AgentError

from .conftest import User

CALL = Call("[ -x /h/rtkq-hook ] && exec /h/rtkq-hook claude-code; exit 0", 2)
CLAUDE = AGENTS["claude-code"]


def installed(user: User, scope: str = "user") -> dict[str, Any]:
    """Return Claude Code's settings of a scope."""
    document: dict[str, Any] = json.loads(user.file("claude-code", scope).read_text())
    return document


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program called claude on PATH, which says the version that is written into it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "claude"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return program


# -- what is written ---------------------------------------------------------------------


def test_claude_code_is_told_of_three_events(user: User) -> None:
    """Both names of the tool that spawns, and a second more than the hook takes at most."""
    agents.install("claude-code", "user", user.root)

    hooks = installed(user)["hooks"]
    hook = f"{user.rtkq_home}/hook/rtkq-hook"
    assert list(hooks) == ["PreToolUse", "SubagentStart", "SessionStart"]
    assert hooks["PreToolUse"][0]["matcher"] == "Task|Agent"
    assert {json.dumps(entry["hooks"]) for (entry,) in hooks.values()} == {
        json.dumps(
            [
                {
                    "type": "command",
                    "command": f"[ -x {hook} ] && RTKQ_AGENT=claude-code && . {hook}; exit 0",
                    "timeout": 2,
                }
            ]
        )
    }


def test_what_is_committed_names_no_folder_of_the_user(user: User) -> None:
    """Colleagues have other home folders, and perhaps no rtkq."""
    agents.install("claude-code", "project", user.root)

    assert str(user.home) not in json.dumps(installed(user, "project"))
    assert "command -v rtkq-hook" in json.dumps(installed(user, "project"))
    assert user.file("claude-code", "project").stat().st_mode & 0o777 == 0o644


def test_folder_with_a_blank_is_quoted(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command goes to a shell."""
    monkeypatch.setenv("RTKQ_HOME", str(tmp_path / "it's a home"))

    agents.install("claude-code", "user", user.root)

    command = installed(user)["hooks"]["SessionStart"][0]["hooks"][0]["command"]
    assert command.count("'\"'\"'s a home/hook/rtkq-hook'") == 2


@pytest.mark.parametrize("agent", ["gemini", "qwen"])
def test_who_counts_in_milliseconds_is_told_milliseconds(user: User, agent: str) -> None:
    """Two of them would be no time at all."""
    agents.install(agent, "user", user.root)

    assert '"timeout": 2000' in user.file(agent, "user").read_text()


def test_home_folder_is_no_project(user: User) -> None:
    """Its settings are the user's; they are not listed twice."""
    assert {one.scope for one in agents.survey(user.home)} == {Scope.USER}


# -- http --------------------------------------------------------------------------------


def test_http_asks_the_daemon_but_for_the_start_of_a_session(user: User, client: Path) -> None:
    """Claude Code starts a process for that event or does nothing."""
    client.write_text("#!/bin/sh\necho '2.1.63 (Claude Code)'\n")

    change = agents.install("claude-code", "user", user.root, "http")

    types = {
        event: entry["hooks"][0]["type"] for event, (entry,) in installed(user)["hooks"].items()
    }
    assert types == {"PreToolUse": "http", "SubagentStart": "http", "SessionStart": "command"}
    assert "http://127.0.0.1:7700/v1/hook/claude-code" in str(change.after)
    assert (
        user.found("claude-code", "user").state,
        user.found("claude-code", "user").transport,
    ) == (
        State.COMPLETE,
        "http",
    )
    assert agents.uninstall("claude-code", "user", user.root).after is None


@pytest.mark.parametrize(
    ("agent", "variables"),
    [("claude-code", {}), ("codex", {}), ("claude-code", {"RTKQ_SERVE_TOKEN": "secret"})],
    ids=["unknown version", "agent without http", "token"],
)
def test_http_falls_back_to_a_command_and_says_so(
    user: User, agent: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entry that a client does not know would switch off its whole file."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    change = agents.install(agent, "user", user.root, "http")

    assert user.found(agent, "user").transport == "command"
    assert any("a command is installed" in note for note in change.notes)


# -- refusals ----------------------------------------------------------------------------


def test_client_that_is_too_old_is_refused(user: User, client: Path) -> None:
    """It would take the rewritten prompt for a mistake, or ignore it."""
    client.write_text("#!/bin/sh\necho '2.1.62 (Claude Code)'\n")

    with pytest.raises(AgentError, match=r"2\.1\.62 cannot run the hook") as refused:
        agents.install("claude-code", "user", user.root)

    assert "2.1.63" in refused.value.hint
    assert not user.file("claude-code", "user").exists()


@pytest.mark.parametrize(
    "script",
    ["exit 1", "echo no idea", "echo '10.0 (Claude Code)'"],
    ids=["fails", "mute", "newer"],
)
def test_client_whose_version_is_unknown_or_newer_is_no_obstacle(
    user: User, client: Path, script: str
) -> None:
    """Asking is a courtesy."""
    client.write_text(f"#!/bin/sh\n{script}\n")

    assert agents.install("claude-code", "user", user.root).changed


@pytest.mark.parametrize("scope", ["user", "project", "local"])
def test_plugin_and_settings_are_never_both_used(user: User, scope: str) -> None:
    """Every hook would run twice."""
    file = user.file("claude-code", scope)
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"enabledPlugins": {"other@x": true, "rtkq@team": true}}')

    with pytest.raises(AgentError, match="plugin rtkq@team"):
        agents.install("claude-code", "user", user.root)

    (plugin,) = [one for one in agents.survey(user.root) if one.scope == agents.PLUGIN]
    assert (plugin.state, plugin.path) == (State.COMPLETE, file)


def test_plugin_beside_settings_is_shown(user: User) -> None:
    """Somebody switched it on later."""
    agents.install("claude-code", "user", user.root)
    file = user.file("claude-code", "user")
    file.write_text(json.dumps(installed(user) | {"enabledPlugins": {"rtkq@x": True}}))

    (plugin,) = [one for one in agents.survey(user.root) if one.scope == agents.PLUGIN]
    assert plugin.state is State.DOUBLED


@pytest.mark.parametrize(
    ("agent", "scope", "is_in_project"),
    [("vim", "user", True), ("codex", "local", True), ("codex", "project", False)],
    ids=["unknown agent", "unknown scope", "no project"],
)
def test_what_does_not_exist_is_named(
    user: User, agent: str, scope: str, is_in_project: bool
) -> None:
    """With what there is instead."""
    with pytest.raises(AgentError, match=r"vim|Codex CLI has no settings of scope"):
        agents.install(agent, scope, user.root if is_in_project else None)


def test_script_of_somebody_else_is_left_alone(user: User) -> None:
    """It merely has the name that ours would have."""
    file = user.file("opencode", "user")
    file.parent.mkdir(parents=True)
    file.write_text("export const Mine = 1\n")

    with pytest.raises(AgentError, match="did not write"):
        agents.install("opencode", "user", user.root)

    assert not agents.uninstall("opencode", "user", user.root).changed
    assert file.read_text() == "export const Mine = 1\n"


def test_broken_file_that_names_us_is_told_when_uninstalling(user: User) -> None:
    """Nobody may believe that all is gone while it is not."""
    file = user.file("claude-code", "user")
    file.parent.mkdir()
    file.write_text('{"hooks": "rtkq-hook", }')

    with pytest.raises(AgentError, match="removing rtkq"):
        agents.uninstall("claude-code", "user", user.root)


# -- partial -----------------------------------------------------------------------------


def test_installation_that_lost_an_event_is_partial(user: User) -> None:
    """Half of it would serve some subagents and not others, for no reason anybody sees."""
    agents.install("claude-code", "user", user.root)
    document = installed(user)
    del document["hooks"]["SubagentStart"]
    user.file("claude-code", "user").write_text(json.dumps(document))

    found = user.found("claude-code", "user")

    assert (found.state, found.detail) == (State.PARTIAL, "SubagentStart missing")
    assert not found.is_sound


# -- install, then uninstall -------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
HANDLERS = st.fixed_dictionaries(
    {"type": st.just("command"), "command": st.text(max_size=12)}, optional={"timeout": SCALARS}
)
ENTRIES = st.fixed_dictionaries(
    {"hooks": st.lists(HANDLERS | VALUES, max_size=3)}, optional={"matcher": st.text(max_size=5)}
)
EVENTS = st.sampled_from(["PreToolUse", "SubagentStart", "SessionStart", "Stop"])
HOOKS = st.dictionaries(EVENTS, st.lists(ENTRIES | VALUES, max_size=3), max_size=4)
DOCUMENTS = st.builds(
    lambda hooks, more: more | hooks,
    st.fixed_dictionaries({}, optional={"hooks": HOOKS}),
    st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
)
TEXTS = st.builds(
    lambda document, indent: json.dumps(document, indent=indent, ensure_ascii=False),
    DOCUMENTS,
    st.sampled_from([None, 2, "\t"]),
)


def without_empty_hooks(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without lists of no hooks: without a backup, ours cannot be told apart."""
    hooks = {event: entries for event, entries in document.get("hooks", {}).items() if entries}
    rest = {key: value for key, value in document.items() if key != "hooks"}
    return rest | ({"hooks": hooks} if hooks else {})


@given(TEXTS)
def test_taking_out_what_was_put_in_leaves_the_document(text: str) -> None:
    """By the text alone, without a backup."""
    document = json.loads(text)

    back = CLAUDE.form.removed(CLAUDE.form.written(text, CALL))

    assert without_empty_hooks(json.loads(back or "")) == without_empty_hooks(document)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(TEXTS)
def test_uninstall_after_install_is_identity(user: User, text: str) -> None:
    """On the disk, to the byte, whatever the settings were."""
    with tempfile.TemporaryDirectory(dir=user.root.parent) as root:
        file = Path(root, ".claude/settings.json")
        file.parent.mkdir()
        file.write_bytes(text.encode())

        agents.install("claude-code", "project", root)
        agents.uninstall("claude-code", "project", root)

        assert file.read_bytes() == text.encode()
