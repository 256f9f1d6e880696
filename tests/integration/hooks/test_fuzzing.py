"""The hook is given anything at all: it prints nothing or one document, and keeps the prompt.

``make fuzz`` tries a thousand documents that nobody saw before, for a minute or two;
``make fuzz PROFILE=fuzz-long`` for hours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from rtkq_hooks.main import run

RECORDED = Path(__file__).parents[2] / "fixtures"
AGENTS = sorted(folder.name for folder in RECORDED.iterdir())
_DOCUMENTS = {
    agent: [
        file.read_text()
        for file in sorted((RECORDED / agent).rglob("*.json"))
        if "cwd" in file.read_text()
    ]
    for agent in AGENTS
}
#: Lone surrogates and NULs are what JSON can spell and text cannot hold.
_TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["\x00", "\ud800", "\udc00\ud800", "\x1b[2J", "</rtkq>", "<rtkq project=", "]]>", "\\u0000"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw an agent, and one of its documents with several values exchanged and bytes moved."""
    agent = draw(st.sampled_from(AGENTS))
    text = draw(st.sampled_from(_DOCUMENTS[agent]))
    document = json.loads(text.replace("@ROOT@/proj", "/PROJECT"))
    for _ in range(draw(st.integers(0, 3))):
        _exchange(draw, document)
    data = json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(0, 2))):
        at, to = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        piece = draw(st.binary(max_size=4) | st.sampled_from([b'"', b"\\", b"{", b"[" * 5000]))
        data = data[:at] + piece + data[draw(st.sampled_from([at, to])) :]
    return agent, data


def _exchange(draw: st.DrawFn, document: dict[str, Any]) -> None:
    """Put anything in the place of one value, at any depth."""
    holder = document
    while True:
        key = draw(st.sampled_from(sorted(holder)))
        if not isinstance(holder[key], dict) or not holder[key] or draw(st.booleans()):
            holder[key] = draw(_VALUES)
            return
        holder = holder[key]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=documents())
def test_any_document_gives_nothing_or_one_document(staged, case: tuple[str, bytes]) -> None:
    """Nothing that arrives is an error, and what is printed is strict JSON."""
    agent, data = case
    data = data.replace(b"/PROJECT", str(staged.root).encode())
    printed = run(agent, data, staged.settings())

    outcome = staged.outcome()
    event(outcome)
    assert outcome != "error"
    if printed:
        assert isinstance(json.loads(printed), dict)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=_TEXTS, is_ascii=st.booleans())
def test_any_prompt_arrives_whole(staged, prompt: str, is_ascii: bool) -> None:
    """Behind the context it stands as it was sent, however JSON spells it."""
    asked = f"Find cart_total {prompt}"
    data = json.dumps(staged.spawn(asked), ensure_ascii=is_ascii)
    printed = run("claude-code", data.encode("utf-8", "surrogatepass"), staged.settings())

    event(staged.outcome())
    if printed:
        updated = json.loads(printed)["hookSpecificOutput"]["updatedInput"]
        assert updated["prompt"].endswith(asked)
    else:
        # Raw surrogates are no UTF-8, so such a document is no JSON.
        assert not is_ascii
