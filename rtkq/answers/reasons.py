"""What a subagent was given of ours, and why, if that was nothing.

Three witnesses are heard: what the client noted about our hook, the hook's own receipts, and the
policy. A receipt with a link is the one of the call or the subagent that gives the same link.
Others, of clients that tell no ids, are matched by place, type and time, each with one spawn at
most.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from rtkq import paths, receipts
from rtkq.config import Settings
from rtkq.transcripts import History, Subagent
from rtkq_hooks.calls import normalised
from rtkq_workers.chores import fold

#: Every reason, and what it means, in the order in which they are told.
REASONS = {
    "not_installed": "no trace of the hook: it was not installed then",
    "no_memory": "the project had no memory, or none that could be read",
    "failed": "the hook failed",
    "timeout": "the hook took too long",
    "rewritten": "the context was given, and another hook's prompt replaced it",
    "nothing_to_say": "the memory had nothing to say about the task",
    "disabled": "RTKQ_DISABLE was set",
    "exempt": "its type is exempt",
    "unexplained": "the hook was at work there, and nothing tells of this spawn",
}
#: Outcomes of the hook when it gave a block, and the reasons for the others.
_MAPPED = ("mapped",)
_GIVEN = ("injected", "superseded", "marked", *_MAPPED)
_NOT_GIVEN = {
    "unknown": "no_memory",
    "missing": "no_memory",
    "empty": "nothing_to_say",
    "deadline": "timeout",
    "error": "failed",
    "invalid": "failed",
    "disabled": "disabled",
    "exempt": "exempt",
}
#: Outcomes at the start of a subagent that another receipt tells of.
_SECOND = ("marked", "resumed")
_REASON_BY_OUTCOME = _NOT_GIVEN | dict.fromkeys(_GIVEN, "rewritten")
#: The hook at a subagent's start runs beside what the client writes down of it.
_SLACK_MS = 1_000

Receipt = dict[str, str]


class Verdict(NamedTuple):
    """What one subagent was given of ours."""

    #: ``context`` · ``map`` · ``none``.
    given: str
    #: One of ``REASONS``, or "" if something was given.
    reason: str


class Witnesses:
    """What is known beside the transcripts of one span of time.

    Invariant: a receipt tells of one subagent, so those that have a block take theirs first, and
    each is asked about once.
    """

    def __init__(self, history: History, kept: list[Receipt], exempt: Iterable[str]) -> None:
        self._hooked = history.hooked
        self._exempt = {normalised(kind) for kind in exempt}
        self._receipts = sorted(filter(_tells_of_spawn, kept), key=_at_ms)
        self._times_ms = [_at_ms(receipt) for receipt in self._receipts]
        self._linked: dict[str, list[int]] = {}
        for at, receipt in enumerate(self._receipts):
            self._linked.setdefault(receipt.get("link", ""), []).append(at)
        self._taken: set[int] = set()
        for subagent in history.subagents:
            if subagent.prompt_block or subagent.start_block:
                self._take(subagent, _GIVEN)

    def verdict(self, subagent: Subagent) -> Verdict:
        """Return what *subagent* was given, or the reason why it was given nothing."""
        if subagent.prompt_block:
            return Verdict("context", "")
        # Older clients do not write down what a hook adds at the start; its receipt does.
        if subagent.start_block or self._take(subagent, _MAPPED):
            return Verdict("map", "")
        return Verdict("none", self._reason(subagent))

    def _reason(self, subagent: Subagent) -> str:
        results = {note.result for note in subagent.notes}
        receipt = self._take(subagent, _NOT_GIVEN) or self._take(subagent, _GIVEN)
        if results & {"timeout", "failed"}:
            return "timeout" if "timeout" in results else "failed"
        if any(note.gave_block for note in subagent.notes):
            return "rewritten"
        if receipt is not None:
            return _REASON_BY_OUTCOME[receipt["outcome"]]
        return self._reason_without_receipt(subagent)

    def is_exempt(self, subagent: Subagent) -> bool:
        """Return whether the policy gives this type no context."""
        return normalised(subagent.kind) in self._exempt

    def _reason_without_receipt(self, subagent: Subagent) -> str:
        if self.is_exempt(subagent):
            return "exempt"
        receipts_then = [self._receipts[at] for at in self._near(subagent)]
        has_trace = subagent.session in self._hooked or any(
            receipt.get("root") and _is_here(receipt, subagent) for receipt in receipts_then
        )
        return "unexplained" if has_trace else "not_installed"

    def _take(self, subagent: Subagent, outcomes: Iterable[str]) -> Receipt | None:
        """Return the first receipt of *subagent* with such an outcome, and keep it from others."""
        for at in self._candidates(subagent):
            receipt = self._receipts[at]
            if at not in self._taken and receipt["outcome"] in outcomes:
                self._taken.add(at)
                return receipt
        return None

    def _candidates(self, subagent: Subagent) -> list[int]:
        """Return the numbers of the receipts that are linked with *subagent*, or may be its."""
        linked = [at for link in subagent.links for at in self._linked.get(link, ())]
        return sorted(linked) or [
            at for at in self._near(subagent) if _may_be_of(self._receipts[at], subagent)
        ]

    def _near(self, subagent: Subagent) -> range:
        """Return the numbers of the receipts between the call for *subagent* and its start."""
        asked_ms = subagent.began_ms if subagent.asked_ms is None else subagent.asked_ms
        return range(
            bisect_left(self._times_ms, asked_ms - _SLACK_MS),
            bisect_right(self._times_ms, subagent.began_ms + _SLACK_MS),
        )


def witnesses(settings: Settings, history: History, since_ms: int) -> Witnesses:
    """Return all that is known beside *history*, which goes back to *since_ms*."""
    kept = _kept_receipts(settings.home, since_ms)
    return Witnesses(history, kept, settings.policy.exempt)


def _kept_receipts(home: str, since_ms: int) -> list[Receipt]:
    """Return the receipts that are still there and not much older than *since_ms*."""
    folder = paths.receipts_folder(home)
    oldest = time.strftime(receipts.MINUTE, time.gmtime(since_ms / 1000))
    names = [name for name in fold.receipt_files(home) if name >= oldest]
    found = [one for name in names for one in _read(f"{folder}/{name}")]
    return [one for one in found if one.keys() >= {"at", "outcome"}]


def _read(file: str) -> list[Receipt]:
    try:
        return receipts.read(file)[0]
    except OSError:
        return []  # folded and deleted since it was listed


def _at_ms(receipt: Receipt) -> int:
    return int(receipt["at"]) if receipt["at"].isdecimal() else 0


def _tells_of_spawn(receipt: Receipt) -> bool:
    """Return whether *receipt* is not merely the second of a spawn, at the subagent's start."""
    is_start = receipt.get("event", "").lower() == "subagentstart"
    return not (is_start and receipt["outcome"] in _SECOND)


def _may_be_of(receipt: Receipt, subagent: Subagent) -> bool:
    # A link that is there and led nowhere is that of another call.
    is_linked = bool(receipt.get("link"))
    return not is_linked and _is_here(receipt, subagent) and _is_of_type(receipt, subagent)


def _is_of_type(receipt: Receipt, subagent: Subagent) -> bool:
    if receipt.get("agent") != subagent.client:
        return False
    # What failed before it had read its document knows no type, and old transcripts may not either.
    asked, seen = normalised(subagent.kind), receipt.get("type", "")
    return not asked or not seen or asked == seen


def _is_here(receipt: Receipt, subagent: Subagent) -> bool:
    root = receipt.get("root", "").rstrip("/")
    return f"{subagent.spawned_in}/".startswith(f"{root}/")
