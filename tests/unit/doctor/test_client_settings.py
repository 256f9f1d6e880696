"""Which settings Claude Code would ignore, and which hooks rewrite the same prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtkq.doctor.client import matches_spawns, problems_in, rivals_in

COMMAND = {"type": "command", "command": "true", "timeout": 5}


def settings(event: str, *handlers: Any, **group: Any) -> bytes:
    """Return a settings file with one group."""
    return json.dumps({"hooks": {event: [{"hooks": list(handlers), **group}]}}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"",
        b'\xef\xbb\xbf{"model": "opus"}',
        settings("PreToolUse", COMMAND, matcher="Task|Agent"),
        settings("PreToolUse", {**COMMAND, "timeout": 0.5, "somethingNew": True}),
        settings("SubagentStart", {"type": "http", "url": "http://127.0.0.1:7700/"}),
    ],
    ids=["empty object", "empty", "byte order mark", "command", "fraction", "http"],
)
def test_sound_settings_have_no_problems(content: bytes) -> None:
    """What the client was seen to read."""
    assert problems_in(content, ()) == []


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        (b'{"model": "opus",}', "no JSON"),
        (b"{} // mine", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "no object"),
        (b'{"hooks": []}', "hooks is no object"),
        (b'{"hooks": {"Stop": {}}}', "hooks.Stop is no list"),
        (b'{"hooks": {"Stop": [{}]}}', "hooks.Stop[0] has no list of hooks"),
        (settings("Stop", COMMAND, matcher=1), "hooks.Stop[0].matcher is no text"),
        (
            settings("Stop", COMMAND, {"type": "shell"}),
            'hooks.Stop[0].hooks[1] has the type "shell"',
        ),
        (settings("Stop", "true"), "has the type null"),
        (settings("Stop", {"type": "command"}), "names no command"),
        (settings("Stop", {"type": "http"}), "names no url"),
        (settings("Stop", {**COMMAND, "timeout": "5"}), 'timeout is "5"'),
        (settings("Stop", {**COMMAND, "timeout": 0}), "timeout is 0"),
        (settings("Stop", {**COMMAND, "timeout": True}), "timeout is true"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_bad_entry_is_named(content: bytes, saying: str) -> None:
    """It switches off everything in the file, without a word from the client."""
    (problem,) = problems_in(content, ())

    assert saying in problem


@pytest.mark.parametrize(
    ("version", "count"), [((2, 1, 100), 1), ((2, 1, 101), 0), ((), 0)], ids=str
)
def test_unknown_event_kills_the_file_of_an_old_client(
    version: tuple[int, ...], count: int
) -> None:
    """Newer ones pass over it."""
    assert len(problems_in(settings("NoSuchEvent", COMMAND), version)) == count


def test_handler_newer_than_the_client_is_named() -> None:
    """An old client ignores the file for a type it does not know."""
    (problem,) = problems_in(settings("Stop", {"type": "http", "url": "http://x"}), (2, 1, 62))

    assert "2.1.62 does not know" in problem


@pytest.mark.parametrize(
    ("matcher", "fires"),
    [
        ("Task", True),
        ("Agent|Task", True),
        ("Task, Agent", True),
        ("*", True),
        ("", True),
        ("^(Task|Agent)$", True),
        ("Agent.*", True),
        ("agent", False),
        ("Tas", False),
        ("Explore", False),
        ("Bash|Edit", False),
        ("(", False),
    ],
)
def test_matcher_fires_as_the_client_was_seen_to(matcher: str, fires: bool) -> None:
    """Names are compared whole and with their case; anything odd is a regular expression."""
    assert matches_spawns(matcher) is fires


def test_rivals_are_the_others_that_are_asked_about_spawns() -> None:
    """Ours are none, and neither are hooks of other tools and events."""
    ours = {**COMMAND, "command": "[ -x /h/hook/rtkq-hook ] && exec /h/hook/rtkq-hook claude-code"}
    document = {
        "hooks": {
            "PreToolUse": [
                {"matcher": "Task|Agent", "hooks": [ours, {**COMMAND, "command": "rewrite"}]},
                {"hooks": [{"type": "http", "url": "http://127.0.0.1:1/"}]},
                {"matcher": "Bash", "hooks": [{**COMMAND, "command": "lint"}]},
            ],
            "Stop": [{"hooks": [{**COMMAND, "command": "bell"}]}],
        }
    }

    assert rivals_in(document) == ["rewrite", "http://127.0.0.1:1/"]


@pytest.mark.parametrize("document", [{"hooks": []}, {"hooks": {"PreToolUse": [1]}}], ids=str)
def test_settings_of_another_form_have_no_rivals(document: dict[str, Any]) -> None:
    """The client ignores them, which another check tells."""
    assert rivals_in(document) == []
