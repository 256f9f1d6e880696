"""``rtkq gain`` counts what subagents did, says how many they were, and assumes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from rtkq import config
from rtkq.answers import gain
from rtkq.errors import ProjectError
from rtkq.transcripts import Folders

Recorded = Callable[..., Folders]


def found(tops: Folders, root: str = "/home/dev/shop", **variables: str) -> dict[str, Any]:
    """Return the document of everything the transcripts in *tops* tell."""
    settings = config.load({**os.environ, **variables})
    return gain.gain(settings, tops, root, since_ms=0)


def test_files_are_those_that_were_opened_and_edited(recorded: Recorded) -> None:
    """The recorded subagent read one of four named files, missed one, edited one, made one."""
    document = found(recorded("injected"))

    assert document["context"]["opened"] == document["context"]["edited"] == 1
    assert document["named"] == {"files": 4, "opened": 1, "edited": 1}


def test_files_that_were_read_by_the_shell_count_as_well(recorded: Recorded) -> None:
    """Newer clients read by ``cat`` and ``sed``: three files here, two of them named."""
    document = found(recorded("reader"))

    assert document["context"]["opened"] == 3
    assert document["named"]["opened"] == 2


def test_commands_and_patches_of_codex_count(recorded: Recorded) -> None:
    """A search, two reads of which one failed, a patch that changed one file and made another."""
    document = found(recorded("injected@codex/0.169.0"))

    assert document["context"]["exploratory"] == 3
    assert document["context"]["opened"] == document["context"]["edited"] == 1
    assert document["named"] == {"files": 2, "opened": 1, "edited": 1}


def test_exploratory_calls_are_searches_and_reads(recorded: Recorded) -> None:
    """Grep, Glob, two searches by Bash and two reads; neither ``git status`` nor edits."""
    document = found(recorded("injected", "bare"))

    assert document["context"]["exploratory"] == 6
    assert document["none"]["exploratory"] == 6


def test_files_of_a_worktree_are_those_of_its_project(recorded: Recorded) -> None:
    """It lay in a folder of its own that is gone by now."""
    document = found(recorded("worktree"))

    assert document["context"]["opened"] == 1


def test_groups_are_kept_apart(recorded: Recorded) -> None:
    """A map is neither a context nor nothing."""
    document = found(recorded("injected", "nested", "skill", "bare"))

    sizes = {group: document[group]["subagents"] for group in gain.GROUPS}
    assert sizes == {"context": 3, "map": 1, "none": 1}
    assert document["context"]["exploratory_median"] == 1
    assert document["context"]["exploratory_mean"] == 2.3


def test_exempt_types_and_other_projects_are_left_out(recorded: Recorded) -> None:
    """They would pass for subagents that had to do without."""
    tops = recorded("exempt", "bare")

    assert found(tops)["subagents"] == 1
    assert found(tops, "/home/dev/blog")["subagents"] == 0


def test_without_a_sample_nothing_is_compared(recorded: Recorded) -> None:
    """No baseline is assumed where there is none, in either direction."""
    only_with, only_without = found(recorded("injected")), found(recorded("bare"), "/elsewhere")

    assert only_with["none"]["exploratory_median"] is None
    assert "nothing to compare with" in gain.text(only_with)
    assert "no subagent had a context" in gain.text(only_without)


def test_text_tells_the_sizes_of_the_samples(recorded: Recorded) -> None:
    """Beside every figure, so that nobody takes one subagent for a law."""
    text = gain.text(found(recorded("injected", "bare", "reader")))

    assert "2 with context and 1 without" in text
    assert "general-purpose" in text
    assert "of 4 files opened, the context had named 3 (75%)" in text
    assert "too few to tell anything" in text


def test_group_with_nobody_in_it_did_nothing_that_could_be_counted(recorded: Recorded) -> None:
    """A dash, for zero files would be a measurement."""
    lines = gain.text(found(recorded("injected"))).splitlines()

    (opened,) = [line for line in lines if line.startswith("files opened")]
    assert opened.split()[2:] == ["1", "-", "-"]


def test_what_was_asked_for_is_never_shown(recorded: Recorded) -> None:
    """Nor the names of files: only how many."""
    document = found(recorded("injected", "reader", "bare"))

    shown = json.dumps(document) + gain.text(document)

    assert "refreshed" not in shown
    assert "session.py" not in shown


def test_reading_can_be_switched_off(recorded: Recorded) -> None:
    """By the same setting as for ``rtkq discover``."""
    with pytest.raises(ProjectError, match=r"transcripts\.read"):
        found(recorded("injected"), RTKQ_TRANSCRIPTS_READ="false")
