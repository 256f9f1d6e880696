"""Settings documents whose key ``hooks`` holds lists of entries by event: values in, values out.

Most agents share this form. An entry is a handler, or a group that holds handlers below a key
``hooks`` of its own. Ours are known by the word ``rtkq-hook`` in their command, or by our path in
their URL: no marker key is added, for some clients refuse keys they do not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rtkq.agents import json_text
from rtkq.agents.form import Call, Reading, State

#: One entry of an event.
Entry = dict[str, Any]

_HOOKS = "hooks"
_COMMAND = re.compile(r"(?<![\w.-])rtkq-hook(?![\w.-])")
_URL = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/v1/hook/")


@dataclass(frozen=True)
class HookDocument:
    """The form of a JSON file in which the hooks of several programs live together."""

    #: What an agent is to be told, by event.
    entries: Callable[[Call], dict[str, Entry]]
    #: Members of a document that begins with us.
    beginning: Mapping[str, Any] = field(default_factory=dict)

    def written(self, text: str | None, call: Call) -> str:
        """Return *text* with our entries in it, each once, and the rest as it was.

        Raises:
            ValueError: *text* is no document of this form.
        """
        document = parsed(text or "") or dict(self.beginning)
        return json_text.rewrite(text or "", with_entries(document, self.entries(call)))

    def removed(self, text: str) -> str | None:
        """Return *text* without our entries, and the rest as it was.

        Raises:
            ValueError: It is no document of this form.
        """
        document = parsed(text)
        return json_text.rewrite(text, with_entries(document, {})) if document else text

    def read(self, text: str, call_for: Callable[[str], Call]) -> Reading:
        """Return what of ours stands in *text*, which may be broken."""
        try:
            document = parsed(text)
            found = handlers(document, is_ours)
            transport = "http" if _is_http(found) else "command"
            return _judged(document, found, self.entries(call_for(transport)), transport)
        except ValueError as error:
            return Reading(State.INVALID, str(error))


def with_entries(
    document: dict[str, Any],
    wanted: Mapping[str, Entry],
    is_gone: Callable[[Any], bool] | None = None,
) -> dict[str, Any]:
    """Return *document* with the *wanted* entries instead of those that are to go.

    Whatever held only such that go, and is not wanted, goes with them.

    Args:
        document: Not changed.
        wanted: One entry an event.
        is_gone: Tells which handlers go; ours when omitted.

    Raises:
        ValueError: Its hooks have another form.
    """
    before = _hooks(document)
    hooks = dict(before)
    for event in [*before, *(event for event in wanted if event not in before)]:
        items = before.get(event, [])
        if not isinstance(items, list):
            if event in wanted:
                raise ValueError(f"hooks.{event} is no list")
            continue
        hooks[event] = _placed(items, wanted.get(event), is_gone or is_ours)
        if items and not hooks[event]:
            del hooks[event]
    if before and not hooks:
        return {key: value for key, value in document.items() if key != _HOOKS}
    return {**document, _HOOKS: hooks} if hooks else document


def handlers(document: dict[str, Any], is_meant: Callable[[Any], bool]) -> dict[str, list[Entry]]:
    """Return the handlers in *document* that are meant, by event; events without any are left out.

    Raises:
        ValueError: Its hooks have another form.
    """
    found = {
        event: [one for item in items for one in _handlers(item) if is_meant(one)]
        for event, items in _hooks(document).items()
        if isinstance(items, list)
    }
    return {event: here for event, here in found.items() if here}


def is_ours(handler: Any) -> bool:
    """Return whether *handler* calls rtkq."""
    if not isinstance(handler, dict):
        return False
    commands = [handler.get(key) for key in ("command", "bash")]
    url = handler.get("url")
    return any(isinstance(one, str) and _COMMAND.search(one) for one in commands) or (
        isinstance(url, str) and bool(_URL.match(url))
    )


def parsed(text: str) -> dict[str, Any]:
    """Return the settings document in *text*; an empty one for an empty text.

    Raises:
        ValueError: It is no JSON object.
    """
    document = json_text.parse(text) if text.strip() else {}
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    return document


def _hooks(document: dict[str, Any]) -> dict[str, Any]:
    hooks = document.get(_HOOKS, {})
    if not isinstance(hooks, dict):
        raise ValueError("hooks is no object")
    return hooks


def _handlers(item: Any) -> Iterator[Any]:
    yield item
    inner = item.get(_HOOKS) if isinstance(item, dict) else None
    if isinstance(inner, list):
        yield from inner


def _placed(items: list[Any], wanted: Entry | None, is_gone: Callable[[Any], bool]) -> list[Any]:
    """Return *items* with *wanted* where the first that goes was, or at the end."""
    placed = []
    is_owed = wanted is not None
    for item in items:
        rest = _rest_of(item, is_gone)
        placed += rest
        if is_owed and not rest:
            placed.append(wanted)
            is_owed = False
    return [*placed, wanted] if is_owed else placed


def _rest_of(item: Any, is_gone: Callable[[Any], bool]) -> list[Any]:
    """Return *item* without the handlers that go; nothing when nothing is left of it."""
    if is_gone(item):
        return []
    _, *inner = _handlers(item)
    kept = [handler for handler in inner if not is_gone(handler)]
    if len(kept) == len(inner):
        return [item]
    return [{**item, _HOOKS: kept}] if kept else []


def _is_http(found: Mapping[str, list[Entry]]) -> bool:
    return any("url" in handler for here in found.values() for handler in here)


def _judged(
    document: dict[str, Any],
    found: Mapping[str, list[Entry]],
    wanted: Mapping[str, Entry],
    transport: str,
) -> Reading:
    if not found:
        return Reading(State.ABSENT)
    missing = [event for event in wanted if event not in found]
    doubled = [event for event, here in found.items() if len(here) > 1]
    if missing:
        return Reading(State.PARTIAL, f"{', '.join(missing)} missing", transport)
    if doubled:
        return Reading(State.DOUBLED, f"{', '.join(doubled)} named more than once", transport)
    if with_entries(document, wanted) != document:
        return Reading(State.OUTDATED, "written by another version or by hand", transport)
    return Reading(State.COMPLETE, "", transport)
