"""What the doctor makes of figures: heartbeats, run times, receipts, room, versions."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from rtkq import doctor
from rtkq.doctor.hooks import judge_receipts, judge_runs
from rtkq.doctor.machine import judge_git, judge_room, judge_watches
from rtkq.doctor.processes import judge_beat
from rtkq.doctor.verdicts import Check, Result, fail, ok, warn

MIB = 1024 * 1024
ANSWER = json.dumps({"hookSpecificOutput": {"updatedInput": {}}}).encode()


@pytest.mark.parametrize(
    ("beat", "is_there", "result", "saying"),
    [
        (None, False, Result.WARN, "not running"),
        ({"pid": 7, "beat_at": 999.0}, True, Result.OK, "process 7, last beat 1 s ago"),
        ({"pid": 7, "beat_at": 999.0}, False, Result.FAIL, "died without a word"),
        ({"pid": 7, "beat_at": 940.0}, True, Result.FAIL, "60 s ago"),
        ({"pid": 7, "beat_at": 1500.0}, True, Result.OK, "last beat 0 s ago"),
    ],
    ids=["never", "alive", "killed", "frozen", "clock set back"],
)
def test_heartbeat_tells_dead_from_frozen(
    beat: dict[str, Any] | None, is_there: bool, result: Result, saying: str
) -> None:
    """They want different things done."""
    verdict = judge_beat("watch", beat, now=1000.0, is_there=is_there)

    assert verdict.result == result
    assert saying in verdict.detail
    assert bool(verdict.hint) == (result != Result.OK)


@pytest.mark.parametrize(
    ("answer", "took_ms", "is_due", "result"),
    [
        (ANSWER, 20.0, True, Result.OK),
        (b"", 20.0, True, Result.FAIL),
        (b"{", 20.0, True, Result.FAIL),
        (b"", 20.0, False, Result.OK),
        (ANSWER, 200.0, True, Result.WARN),
    ],
    ids=["answered", "silent", "broken", "nothing to answer from", "slow"],
)
def test_runs_of_the_hook_are_compared_with_the_interpreter(
    answer: bytes, took_ms: float, is_due: bool, result: Result
) -> None:
    """A slow machine makes both slow."""
    verdict = judge_runs([(answer, took_ms)] * 3, [(b"", 10.0)] * 3, is_answer_due=is_due)

    assert verdict.result == result


def test_hook_is_not_blamed_for_a_slow_machine() -> None:
    """Where the bare interpreter takes as long."""
    assert judge_runs([(ANSWER, 400.0)], [(b"", 200.0)], is_answer_due=True).result == Result.OK


@pytest.mark.parametrize(
    ("receipts", "dropped", "sayings"),
    [
        ([], 0, ["0 lately"]),
        ([{"outcome": "injected"}] * 3, 0, ["3 lately"]),
        ([], 12, ["12 receipts were dropped"]),
        ([{"torn": "1"}], 0, ["1 receipts are torn"]),
        ([{"outcome": "error", "detail": "KeyError"}], 0, ["1 errors lately: KeyError"]),
        (
            [{"outcome": "deadline"}, {"outcome": "injected"}],
            0,
            ["1 of 2 spawns waited", "2 lately"],
        ),
        ([{"outcome": "mapped"}] * 2, 0, ["renamed its tool", "2 lately"]),
    ],
    ids=["none", "well", "dropped", "torn", "error", "deadline", "renamed tool"],
)
def test_receipts_tell_what_went_wrong(
    receipts: list[dict[str, str]], dropped: int, sayings: list[str]
) -> None:
    """The hook itself is silent."""
    details = [verdict.detail for verdict in judge_receipts(receipts, dropped)]

    assert len(details) == len(sayings)
    assert all(saying in detail for saying, detail in zip(sayings, details, strict=True))


@pytest.mark.parametrize(
    ("free", "result"),
    [(50 * MIB, Result.FAIL), (500 * MIB, Result.WARN), (5000 * MIB, Result.OK)],
    ids=["no room", "little", "enough"],
)
def test_room_on_the_disk_is_judged(free: int, result: Result) -> None:
    """A first build may need some hundred megabytes."""
    assert judge_room(free, "/home").result == result


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ("git version 2.39.5", Result.OK),
        ("git version 2.39.5 (Apple Git-154)", Result.OK),
        ("git version 2.30.2", Result.FAIL),
        ("git version 3.0.0", Result.OK),
        ("", Result.FAIL),
    ],
)
def test_git_must_know_what_we_ask(told: str, result: Result) -> None:
    """An older one lists files twice or not at all."""
    assert judge_git(told).result == result


def test_few_watches_left_are_warned_of() -> None:
    """Before the next project has to be polled."""
    assert judge_watches(100, 8192).result == Result.OK
    assert "max_user_watches=524288" in judge_watches(8000, 8192).hint


# -- the examination itself --------------------------------------------------------------


def examined(monkeypatch: pytest.MonkeyPatch, *checks: Check, fix: bool = False) -> list[Any]:
    """Return the findings of these checks alone."""
    monkeypatch.setattr(doctor, "GROUPS", {"some": checks})
    patient = doctor.Patient("/root", None)  # type: ignore[arg-type]
    return list(doctor.examine(patient, is_fixing=fix))


def test_check_that_raises_is_a_failure_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the text of the exception, and what it had found before."""

    def look(_: Any) -> Any:
        yield ok("so far")
        raise ValueError("odd")

    found = examined(monkeypatch, Check("one", look), Check("two", lambda _: [ok("well")]))

    assert [(one.check, one.result) for one in found] == [
        ("one", Result.OK),
        ("one", Result.FAIL),
        ("two", Result.OK),
    ]
    assert "odd" in found[1].detail


def test_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not answer must not silence the others."""
    monkeypatch.setattr(doctor, "_LONGEST_S", 0.05)
    released = threading.Event()

    def look(_: Any) -> Any:
        released.wait(20)
        return []

    found = examined(monkeypatch, Check("one", look), Check("two", lambda _: [ok("well")]))
    released.set()

    assert [one.result for one in found] == [Result.FAIL, Result.OK]
    assert "no answer" in found[0].detail


def test_repair_is_told_and_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only on request, and only where something is wrong."""
    ills = ["broken"]

    def look(_: Any) -> Any:
        return [fail(ill, "mend it") for ill in ills] or [ok("well")]

    def mend(_: Any) -> str:
        ills.clear()
        return "mended"

    (before,) = examined(monkeypatch, Check("one", look, mend))
    (after,) = examined(monkeypatch, Check("one", look, mend), fix=True)
    (again,) = examined(monkeypatch, Check("one", look, mend), fix=True)

    assert (before.result, before.fixed) == (Result.FAIL, "")
    assert (after.result, after.fixed) == (Result.OK, "mended")
    assert again.fixed == ""


def test_repair_that_fails_is_told_beside_what_it_was_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The illness is still there."""

    def mend(_: Any) -> str:
        raise OSError("read-only")

    found = examined(monkeypatch, Check("one", lambda _: [warn("ill", "")], mend), fix=True)

    assert [one.detail for one in found] == ["ill", "repairing one failed: read-only"]


def test_exit_code_is_that_of_the_worst() -> None:
    """A failure outdoes warnings."""

    def finding(result: Result) -> doctor.Finding:
        return doctor.Finding("", "", result, "", "", "")

    well, warned, failed = map(finding, (Result.OK, Result.WARN, Result.FAIL))

    assert doctor.exit_code([well]) == 0
    assert doctor.exit_code([well, warned]) == 2
    assert doctor.exit_code([warned, failed]) == 1
