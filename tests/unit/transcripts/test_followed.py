"""What subagents opened is told beside the context that they were given."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import pytest

from rtkq import config
from rtkq.answers.followed import followed
from rtkq.store.metrics import Context, opened
from rtkq.transcripts import Folders
from rtkq_workers.fold import fold

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
