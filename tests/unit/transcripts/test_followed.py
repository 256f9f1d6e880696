"""What subagents opened is told beside the context that they were given."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import pytest

from rtkq import config, transcripts
from rtkq.answers.followed import followed
from rtkq.store.metrics import Context, opened
from rtkq.transcripts import Folders
from rtkq_workers.chores.fold import fold

Recorded = Callable[..., Folders]


def given(home: str) -> list[Context]:
    """Return the contexts that the receipts under *home* tell of."""
    fold(home)
    with opened(home) as metrics:
        return metrics.contexts(10)


def test_context_is_told_with_what_was_opened_after_it(recorded: Recorded, home: str) -> None:
    """The subagent of the recorded session read three files that were there."""
    tops = recorded("reader")
    (context,) = given(home)

    found = followed(config.load(), tops, [context])

    (paths,) = found.values()
    assert {"shop/session.py", "shop/token.py"} & set(paths)
    assert list(found) == [(context.at, "/home/dev/shop")]


@pytest.mark.parametrize(
    "change", [{"root": "/home/dev/other"}, {"type": "explore"}, {"at": 1}], ids=str
)
def test_subagent_of_another_place_type_or_time_is_not_meant(
    recorded: Recorded, home: str, change: dict[str, object]
) -> None:
    """Nothing is told rather than what another one did."""
    tops = recorded("reader")
    (context,) = given(home)

    assert followed(config.load(), tops, [dataclasses.replace(context, **change)]) == {}


def test_transcripts_are_left_alone_where_that_is_wished(recorded: Recorded, home: str) -> None:
    """As for every other reader of them."""
    tops = recorded("reader")
    settings = config.load({**os.environ, "RTKQ_TRANSCRIPTS_READ": "false"})

    assert followed(settings, tops, given(home)) == {}


def test_link_leads_to_the_subagent_whatever_else_is_alike(recorded: Recorded, home: str) -> None:
    """Two of one type may start in one place at one moment."""
    tops = recorded("parallel", "reader")
    history = transcripts.read(tops, 0)
    reader = max(history.subagents, key=lambda one: len(one.calls))
    (*_, context) = given(home)

    for link in reader.links:
        linked = dataclasses.replace(context, link=link, type="renamed", at=reader.began_ms)
        (paths,) = followed(config.load(), tops, [linked]).values()
        assert "shop/session.py" in paths

    of_nobody = dataclasses.replace(context, link="0" * 16)
    assert followed(config.load(), tops, [of_nobody]) == {}
