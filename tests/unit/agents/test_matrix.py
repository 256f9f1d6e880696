"""Installing and uninstalling, for each agent and scope, whatever lies in the settings before.

After installing all is complete; after uninstalling every file is what it was, to the byte if
nobody else wrote meanwhile, in meaning if somebody did. Never is a key of others lost.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtkq import agents
from rtkq.agents import AGENTS, State
from rtkq.agents.form import Call
from rtkq.agents.hook_document import HookDocument
from rtkq.errors import AgentError

from .conftest import PLACES, User

OLD_SCRIPTS = ("rtk-mem-context.sh", "rtk-block-native-explore.sh", "rtk-block-task.sh")


def document(agent: str, *commands: str, **more: Any) -> dict[str, Any]:
    """Return settings in which each of our events runs the *commands*, beside *more* settings."""
    form = AGENTS[agent].form
    assert isinstance(form, HookDocument)
    hooks: dict[str, list[Any]] = {}
    for command in commands:
        for event, entry in form.entries(Call(command, 9)).items():
            hooks.setdefault(event, []).append(entry)
    return {**form.beginning, **more, **({"hooks": hooks} if hooks else {})}


def laid_out(value: Any, **layout: Any) -> bytes:
    """Return a document as people keep it."""
    return json.dumps(value, **({"indent": 2} | layout)).encode() + b"\n"


def others(agent: str) -> dict[str, Any]:
    """Return settings with other people's hooks and with keys that nobody knows."""
    more = {"model": "opus", "env": {"A": "1.0"}, "permissions": {"deny": ["Read(.env)"]}}
    return document(agent, "other-tool --flag", **more)


#: What may lie in a settings file before rtkq comes.
BEFORE: dict[str, Callable[[str], bytes | None]] = {
    "no file": lambda _: None,
    "empty": lambda _: b"",
    "an empty object": lambda _: b"{}",
    "empty hooks": lambda agent: laid_out(document(agent) | {"hooks": {}}),
    "other people's hooks": lambda agent: laid_out(others(agent)),
    "minified": lambda agent: laid_out(others(agent), indent=None, separators=(",", ":")),
    "tabs": lambda agent: laid_out(others(agent), indent="\t"),
    "the old tool's": lambda agent: laid_out(document(agent, *OLD_SCRIPTS)),
    "CRLF": lambda agent: laid_out(others(agent)).replace(b"\n", b"\r\n"),
    "BOM": lambda agent: b"\xef\xbb\xbf" + laid_out(others(agent)),
    "huge": lambda agent: laid_out(others(agent) | {"blob": ["x" * 80] * 2_000}),
}
#: What may lie there of ours: it is taken out in the end.
OURS: dict[str, Callable[[str], bytes]] = {
    "ours, old": lambda agent: laid_out(document(agent, "[ -x ~/rtkq-hook ] && exec ~/rtkq-hook")),
    "ours, twice": lambda agent: laid_out(document(agent, "rtkq-hook x", "rtkq-hook y")),
    "ours and the old tool's": lambda agent: laid_out(
        document(agent, OLD_SCRIPTS[0], "rtkq-hook x", "other-tool")
    ),
}
SHARED = [place for place in PLACES if isinstance(AGENTS[place[0]].form, HookDocument)]
everywhere = pytest.mark.parametrize(
    ("agent", "scope"), PLACES, ids=[f"{agent}-{scope}" for agent, scope in PLACES]
)
in_documents = pytest.mark.parametrize(
    ("agent", "scope"), SHARED, ids=[f"{agent}-{scope}" for agent, scope in SHARED]
)
whatever_lies_there = pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())


def put(file: Path, content: bytes | None) -> None:
    """Let *file* hold *content*, or not be there."""
    if content is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def without_ours(value: Any) -> Any:
    """Return a parsed document without anything that names rtkq."""
    if isinstance(value, dict):
        parts = {key: without_ours(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in (None, [], {})} or None
    if isinstance(value, list):
        kept = [without_ours(part) for part in value if "rtkq-hook" not in json.dumps(part)]
        return [part for part in kept if part is not None]
    return value


# -- install -----------------------------------------------------------------------------


@in_documents
@whatever_lies_there
def test_after_install_all_is_complete_and_nothing_of_others_is_lost(
    user: User, agent: str, scope: str, before: Callable[[str], bytes | None]
) -> None:
    """Whatever was there is still there, in its order, under its keys."""
    file = user.file(agent, scope)
    content = before(agent)
    put(file, content)
    old = json.loads(content.decode("utf-8-sig")) if content else {}

    change = agents.install(agent, scope, user.root)

    new = json.loads(file.read_bytes().decode("utf-8-sig"))
    assert change.changed
    assert user.found(agent, scope).state is State.COMPLETE
    assert without_ours(new) == without_ours(dict(AGENTS[agent].form.beginning) | old)
    assert [key for key in new if key in old] == list(old)


@everywhere
def test_installing_twice_changes_nothing(user: User, agent: str, scope: str) -> None:
    """Not even the time of the file: an agent that watches it would load it again."""
    agents.install(agent, scope, user.root)
    before = user.tree()
    written = user.file(agent, scope).stat()

    change = agents.install(agent, scope, user.root)

    assert not change.changed
    assert user.tree() == before
    assert user.file(agent, scope).stat() == written


@in_documents
@pytest.mark.parametrize("before", OURS.values(), ids=OURS.keys())
def test_what_is_ours_already_is_brought_up_to_date(
    user: User, agent: str, scope: str, before: Callable[[str], bytes]
) -> None:
    """Each event once, wherever it stood, and the others' where they were."""
    file = user.file(agent, scope)
    put(file, before(agent))

    assert user.found(agent, scope).state in (State.OUTDATED, State.DOUBLED)
    agents.install(agent, scope, user.root)

    assert user.found(agent, scope).state is State.COMPLETE
    agents.uninstall(agent, scope, user.root)
    assert without_ours(json.loads(before(agent))) == without_ours(json.loads(file.read_bytes()))
    assert b"rtkq-hook" not in file.read_bytes()


@in_documents
@pytest.mark.parametrize(
    "content",
    [b'{"hooks": {}, }', b"// mine\n{}", b"[]", b"null", b'{"a": "\xff"}', b'{"hooks": []}'],
    ids=["trailing comma", "comment", "a list", "null", "not UTF-8", "hooks are a list"],
)
def test_what_the_agent_cannot_read_is_refused_and_left_alone(
    user: User, agent: str, scope: str, content: bytes
) -> None:
    """The agent ignores such a file whole; somebody must look at it."""
    file = user.file(agent, scope)
    put(file, content)

    with pytest.raises(AgentError, match=str(file)):
        agents.install(agent, scope, user.root)

    assert file.read_bytes() == content
    assert user.found(agent, scope).state is State.INVALID
    assert not agents.uninstall(agent, scope, user.root).changed


@everywhere
def test_read_only_file_is_refused(user: User, agent: str, scope: str) -> None:
    """A rename would replace it all the same, so the owner's wish is looked for."""
    file = user.file(agent, scope)
    put(file, b"// rtkq-hook, another version" if agent == "opencode" else b"{}")
    file.chmod(0o444)
    before = user.tree()

    with pytest.raises(AgentError, match="read-only"):
        agents.install(agent, scope, user.root)

    assert user.tree() == before


@everywhere
def test_link_stays_a_link(user: User, agent: str, scope: str) -> None:
    """People keep their settings in a repository of their own; the real file keeps its mode."""
    file = user.file(agent, scope)
    real = user.home / "dotfiles" / "real"
    put(real, b"// rtkq-hook, another version" if agent == "opencode" else b'{"a": 1}')
    real.chmod(0o640)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.symlink_to(real)
    before = user.tree()

    agents.install(agent, scope, user.root)

    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert user.found(agent, scope).state is State.COMPLETE
    agents.uninstall(agent, scope, user.root)
    assert user.tree() == before or agent == "opencode"


# -- uninstall ---------------------------------------------------------------------------


@in_documents
@whatever_lies_there
def test_uninstalling_gives_everything_back_to_the_byte(
    user: User, agent: str, scope: str, before: Callable[[str], bytes | None]
) -> None:
    """Files, folders, modes: as if rtkq had never been there."""
    put(user.file(agent, scope), before(agent))
    tree = user.tree()
    agents.install(agent, scope, user.root)
    agents.install(agent, scope, user.root)

    assert agents.uninstall(agent, scope, user.root).changed
    assert not agents.uninstall(agent, scope, user.root).changed

    assert user.tree() == tree


@in_documents
@whatever_lies_there
def test_uninstalling_keeps_what_others_wrote_meanwhile(
    user: User, agent: str, scope: str, before: Callable[[str], bytes | None]
) -> None:
    """Then the backup is worth nothing, and our entries are taken out of what there is."""
    file = user.file(agent, scope)
    content = before(agent)
    put(file, content)
    agents.install(agent, scope, user.root)
    theirs = json.loads(file.read_bytes().decode("utf-8-sig")) | {"theirs": True}
    file.write_bytes(laid_out(theirs, indent=3))

    agents.uninstall(agent, scope, user.root)

    left = json.loads(file.read_bytes())
    assert left == without_ours(theirs) | {key: left[key] for key in left if not left[key]}
    assert left["theirs"] is True
    assert user.found(agent, scope).state is State.ABSENT


@everywhere
def test_uninstalling_needs_nothing_else_of_rtkq(
    user: User, agent: str, scope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home folder with the hook and the backups is gone; our entries go all the same."""
    home = tmp_path / "short-lived"
    monkeypatch.setenv("RTKQ_HOME", str(home))
    put(user.file(agent, scope), None if agent == "opencode" else laid_out({"a": 1}))
    before = user.tree()
    agents.install(agent, scope, user.root)
    shutil.rmtree(home)

    agents.uninstall(agent, scope, user.root)

    left = {path: what for path, what in user.tree().items() if what[1] is not None}
    assert left == {path: what for path, what in before.items() if what[1] is not None}


@everywhere
def test_uninstalling_what_is_not_installed_leaves_no_trace(
    user: User, agent: str, scope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the settings nor in a home folder of rtkq."""
    monkeypatch.setenv("RTKQ_HOME", str(tmp_path / "no-home"))
    before = user.tree()

    assert not agents.uninstall(agent, scope, user.root).changed

    assert user.tree() == before
    assert not (tmp_path / "no-home").exists()


def test_all_of_them_come_and_go_together(user: User) -> None:
    """Folders that several files were put into go with the last of them."""
    before = user.tree()

    for agent, scope in PLACES:
        agents.install(agent, scope, user.root)
    assert all(one.state is State.COMPLETE for one in agents.survey(user.root))
    for agent, scope in PLACES:
        agents.uninstall(agent, scope, user.root)

    assert user.tree() == before
