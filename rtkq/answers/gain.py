"""What contexts were worth: what subagents then opened, and how much they searched.

Nothing is assumed: subagents without a context are counted where there are any, and where there
are none nothing is compared. Types that are exempt are left out, for they never had a choice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from statistics import fmean, median
from typing import Any

from rtkq.answers.discover import UNKNOWN, past, project_of
from rtkq.answers.reasons import Witnesses, witnesses
from rtkq.config import Settings
from rtkq.recall import instant
from rtkq.recall.render import clean
from rtkq.transcripts import Folders, History, Subagent
from rtkq_hooks import checkout

#: What a subagent may have been given: the ranked context of its task, the map, or nothing.
GROUPS = ("context", "map", "none")
#: In smaller groups one subagent moves a median.
_FEW = 20


def gain(settings: Settings, tops: Folders, root: str, *, since_ms: int) -> dict[str, Any]:
    """Return the document of `gain`, as the reference of commands spells it.

    Args:
        settings: The settings in force.
        tops: Where the transcripts lie.
        root: A checkout; its worktrees count as well.
        since_ms: How far to look back: milliseconds since the epoch.

    Raises:
        ProjectError: Reading transcripts is switched off.
    """
    project = project_of(root)
    history = past(settings, tops, since_ms)
    by_group = _grouped(history, witnesses(settings, history, since_ms), project)
    counted = [subagent for group in by_group.values() for subagent in group]
    kinds = sorted({subagent.kind for subagent in counted})
    return {
        "command": "gain",
        "project": project,
        "from": instant(since_ms),
        "subagents": len(counted),
        "tokens_injected": sum(map(_tokens, counted)),
        **{group: _measured(by_group[group]) for group in GROUPS},
        "named": _named(by_group["context"]),
        "types": [{"type": kind or UNKNOWN} | _measured_type(kind, by_group) for kind in kinds],
    }


def text(document: dict[str, Any]) -> str:
    """Return the document of `gain` as it is printed for reading."""
    groups = [document[group] for group in GROUPS]
    lines = [
        "{project}, since {from}".format_map(document),
        "",
        _row("", ["with context", "with the map", "with neither"]),
        _row("subagents", [group["subagents"] for group in groups]),
        _row("exploratory calls, median", [group["exploratory_median"] for group in groups]),
        _row("exploratory calls, mean", [group["exploratory_mean"] for group in groups]),
        _row("files opened", [_sampled(group, "opened") for group in groups]),
        _row("files edited", [_sampled(group, "edited") for group in groups]),
        *_about_named(document["named"], groups[0], document["tokens_injected"]),
    ]
    if document["types"]:
        lines += ["", "exploratory calls by type: median (subagents)"]
        lines += [_type_row(entry) for entry in document["types"]]
    return "\n".join([*lines, "", _caution(groups[0]["subagents"], groups[2]["subagents"])])


def _about_named(named: dict[str, int], given: dict[str, Any], tokens: int) -> list[str]:
    """Return what became of the files that contexts named; nothing where there was no context."""
    if not given["subagents"]:
        return []
    used = [
        f"of {given[act]} files {act}, the context had named {_share(named[act], given[act])}"
        for act in ("opened", "edited")
        if given[act]
    ]
    return [
        "",
        *used,
        f"of {named['files']} files named, {_share(named['opened'], named['files'])} were opened",
        f"{tokens} tokens injected, maps included",
    ]


def _sampled(group: dict[str, Any], name: str) -> int | None:
    """Return what a group did; None where nobody is in it, for that is not the same as 0."""
    return int(group[name]) if group["subagents"] else None


def _caution(with_context: int, without: int) -> str:
    """Return what may be concluded from samples of these sizes, which is little."""
    if not with_context:
        return "no subagent had a context, so there is nothing to tell of it"
    if not without:
        return "no subagent ran without context, so there is nothing to compare with"
    few = "; that is too few to tell anything" if min(with_context, without) < _FEW else ""
    return (
        f"{with_context} with context and {without} without: counted, no experiment,"
        f" for their tasks are not the same{few}"
    )


def _grouped(history: History, known: Witnesses, project: str) -> dict[str, list[Subagent]]:
    found: dict[str, list[Subagent]] = {group: [] for group in GROUPS}
    for subagent in history.subagents:
        given = known.verdict(subagent).given
        if not known.is_exempt(subagent) and project_of(subagent.spawned_in) == project:
            found[given].append(subagent)
    return found


def _measured(subagents: list[Subagent]) -> dict[str, Any]:
    """Return what a group did, in all and for each subagent; of files each one's own count."""
    looks = [_exploratory(one) for one in subagents]
    touched = [Touched(one) for one in subagents]
    return {
        "subagents": len(subagents),
        "exploratory": sum(looks),
        "exploratory_median": median(looks) if looks else None,
        "exploratory_mean": round(fmean(looks), 1) if looks else None,
        "opened": sum(len(one.opened) for one in touched),
        "edited": sum(len(one.edited) for one in touched),
    }


def _named(subagents: list[Subagent]) -> dict[str, int]:
    """Return how many files the contexts named, and how many of those were then used."""
    touched = [Touched(one) for one in subagents]
    return {
        "files": sum(len(one.named) for one in touched),
        "opened": sum(len(one.opened & one.named) for one in touched),
        "edited": sum(len(one.edited & one.named) for one in touched),
    }


def _measured_type(kind: str, by_group: dict[str, list[Subagent]]) -> dict[str, Any]:
    measured = {
        group: _measured([one for one in subagents if one.kind == kind])
        for group, subagents in by_group.items()
    }
    kept = ("subagents", "exploratory_median")
    return {group: {key: found[key] for key in kept} for group, found in measured.items()}


class Touched:
    """The files of one subagent, relative to the checkout it worked in."""

    def __init__(self, subagent: Subagent) -> None:
        root = _root_of(subagent.folder)
        calls = [call for call in subagent.calls if not call.is_failed]
        #: What its context named, what it opened, and what it edited that was there before.
        self.named = subagent.prompt_block.paths if subagent.prompt_block else frozenset()
        self.opened = _within(root, (path for call in calls for path in call.opened))
        self.edited = _within(root, (path for call in calls for path in call.edited))


def _root_of(folder: str) -> str:
    """Return the root of the checkout at *folder*: itself where it is gone, as worktrees are."""
    real = os.path.realpath(folder)
    return checkout.root_of(real) or real if os.path.isdir(real) else folder


def _within(root: str, paths: Iterable[str]) -> frozenset[str]:
    relative = (os.path.relpath(path, root) for path in paths)
    return frozenset(path for path in relative if not path.startswith(".."))


def _exploratory(subagent: Subagent) -> int:
    return sum(call.is_exploratory for call in subagent.calls)


def _tokens(subagent: Subagent) -> int:
    return sum(one.tokens for one in (subagent.prompt_block, subagent.start_block) if one)


def _row(name: str, values: list[Any]) -> str:
    cells = ["-" if value is None else str(value) for value in values]
    return f"{name:28}" + "".join(f"{cell:>14}" for cell in cells)


def _type_row(entry: dict[str, Any]) -> str:
    cells = [
        f"{entry[group]['exploratory_median']:g} ({entry[group]['subagents']})"
        if entry[group]["subagents"]
        else None
        for group in GROUPS
    ]
    return _row(f"  {clean(entry['type'])[:24]}", cells)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else "0"
