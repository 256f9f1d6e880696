"""Checks of the hook: where it is installed, whether it runs, how fast, and what it reported."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rtkq import agents, paths, receipts
from rtkq.agents import State, bundle
from rtkq.doctor.verdicts import Check, Patient, Verdict, fail, ok, warn

_RUNS = 5
_RUN_S = 5.0
#: Slower than this, and than so many bare interpreters, a spawn is felt to wait.
_SLOW_MS = 150.0
_SLOW_RATIO = 5.0
_NEWEST_MINUTES = 60
_INIT = "rtkq init --agent {} --scope {}"


def _installed(patient: Patient) -> Iterator[Verdict]:
    found = agents.survey(patient.root)
    for one in found:
        place = f"{one.agent}, {one.scope}: {one.path}"
        hint = f"`{_INIT.format(one.agent, one.scope)}`, or `rtkq doctor --fix`"
        if one.state == State.COMPLETE:
            yield ok(place)
        elif one.state == State.OUTDATED:
            yield warn(f"{place} is outdated: {one.detail}", hint)
        elif one.state == State.INVALID:
            yield fail(f"{place} cannot be read: {one.detail}", "mend the file, then `rtkq init`")
        elif one.state != State.ABSENT:
            yield fail(f"{place} is {one.state}: {one.detail}", hint)
    if all(one.state == State.ABSENT for one in found):
        yield fail("no agent has the hook: subagents are given nothing", "run `rtkq init`")


def _complete(patient: Patient) -> str:
    ill = [
        one
        for one in agents.survey(patient.root)
        if one.scope in list(agents.Scope)
        and one.state in (State.PARTIAL, State.DOUBLED, State.OUTDATED)
    ]
    for one in ill:
        agents.install(one.agent, one.scope, patient.root, one.transport)
    return f"completed {len(ill)} installations" if ill else ""


def _bundle(patient: Patient) -> Iterator[Verdict]:
    if bundle.is_staged(patient.home, patient.settings):
        yield ok("staged, whole, of this version")
    else:
        yield fail(
            f"{bundle.command(patient.home)} is missing, damaged, or not of this version and these "
            "settings",
            "`rtkq refresh` or `rtkq doctor --fix` puts it in place",
        )


def _stage(patient: Patient) -> str:
    bundle.stage(patient.home, patient.settings)
    os.chmod(bundle.command(patient.home), 0o700)  # staging leaves an equal file as it is
    return "put the hook of this version in place"


def _runs(patient: Patient) -> Iterator[Verdict]:
    if not os.path.exists(bundle.command(patient.home)):
        return  # the check of the bundle tells
    with _rehearsal(patient.home) as stage:
        command = [bundle.command(stage), "claude-code"]
        answers = [_timed(command, _spawn(patient.root)) for _ in range(_RUNS)]
        has_nothing_to_say = "empty" in _outcomes(stage)
    bare = [_timed([bundle.interpreter(), "-I", "-S", "-c", "pass"], b"") for _ in range(_RUNS)]
    is_known = os.path.exists(paths.memory_file(patient.home, patient.root))
    yield judge_runs(answers, bare, is_answer_due=is_known and not has_nothing_to_say)


def judge_runs(
    answers: Sequence[tuple[bytes, float]],
    bare: Sequence[tuple[bytes, float]],
    *,
    is_answer_due: bool,
) -> Verdict:
    """Return what runs of the hook tell, compared with runs of a bare interpreter.

    Args:
        answers: What each run printed, and how long it took in milliseconds.
        bare: The same of the interpreter alone.
        is_answer_due: Whether there is a memory that it could answer from.
    """
    took_ms = statistics.median(ms for _, ms in answers)
    bare_ms = statistics.median(ms for _, ms in bare)
    told = f"{took_ms:.0f} ms a spawn; the bare interpreter takes {bare_ms:.0f} ms"
    if is_answer_due and not all(map(_is_answer, (text for text, _ in answers))):
        return fail(
            f"the hook did not answer a spawn ({told})",
            "`rtkq doctor --fix` stages it anew; `rtkq hook claude-code` shows errors",
        )
    if took_ms > max(_SLOW_MS, _SLOW_RATIO * bare_ms):
        return warn(told, "the machine is busy, or something slows down file access")
    return ok(told)


def _is_answer(text: bytes) -> bool:
    try:
        return "updatedInput" in json.loads(text)["hookSpecificOutput"]
    except (ValueError, KeyError, TypeError):
        return False


@contextmanager
def _rehearsal(home: str) -> Iterator[str]:
    """Yield a home with the staged command as it is, for what it writes to go there.

    So an examination leaves no receipt that would count as a spawn.
    """
    hook = Path(paths.hook_folder(home))
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=home) as stage:
        copy = Path(paths.hook_folder(stage))
        copy.mkdir()
        for folder in (one for one in hook.iterdir() if one.is_dir()):
            (copy / folder.name).symlink_to(folder)
        Path(stage, "checkouts").symlink_to(Path(home, "checkouts"))
        for name in ("settings", "rtkq-hook"):
            with suppress(FileNotFoundError):
                (copy / name).write_text((hook / name).read_text().replace(home, stage))
        os.chmod(copy / "rtkq-hook", (hook / "rtkq-hook").stat().st_mode)
        yield stage


def _spawn(root: str) -> bytes:
    """Return a spawn as Claude Code sends it."""
    call = {"description": "", "prompt": os.path.basename(root), "subagent_type": "rtkq-doctor"}
    document = {"hook_event_name": "PreToolUse", "session_id": "rtkq-doctor", "cwd": root}
    return json.dumps({**document, "tool_name": "Agent", "tool_input": call}).encode()


def _timed(command: Sequence[str], document: bytes) -> tuple[bytes, float]:
    began = time.perf_counter()
    try:
        done = subprocess.run(command, input=document, stdout=subprocess.PIPE, timeout=_RUN_S)
        text = done.stdout
    except (OSError, subprocess.TimeoutExpired):
        text = b""
    return text, (time.perf_counter() - began) * 1000


def _outcomes(home: str) -> set[str]:
    return {one.get("outcome", "") for one in _latest(home)}


def _latest(home: str) -> list[dict[str, str]]:
    files = sorted(Path(paths.receipts_folder(home)).glob("*.log"))[-_NEWEST_MINUTES:]
    return [receipt for file in files for receipt in receipts.read(str(file))[0]]


def _receipts(patient: Patient) -> Iterator[Verdict]:
    dropped = Path(paths.receipts_folder(patient.home), receipts.DROPPED)
    count = dropped.stat().st_size if dropped.exists() else 0
    yield from judge_receipts(_latest(patient.home), count)


def judge_receipts(found: Sequence[Mapping[str, str]], dropped: int) -> Iterator[Verdict]:
    """Yield what the latest receipts tell.

    Args:
        found: Receipts as they are read.
        dropped: How many were dropped because all together had grown too large.
    """
    outcomes = Counter("torn" if "torn" in one else one.get("outcome", "") for one in found)
    if dropped:
        yield warn(
            f"{dropped} receipts were dropped: their folder is full",
            "run `rtkq up` or the service: workers add receipts up and clear them away",
        )
    if outcomes["torn"]:
        yield warn(f"{outcomes['torn']} receipts are torn", "a disk was full; free some space")
    if outcomes["error"]:
        details = {one.get("detail", "") for one in found if one.get("outcome") == "error"}
        yield warn(
            f"the hook met {outcomes['error']} errors lately: {', '.join(sorted(details)[:3])}",
            "`rtkq hook claude-code` shows them",
        )
    if outcomes["deadline"] > len(found) / 100:
        yield warn(
            f"{outcomes['deadline']} of {len(found)} spawns waited in vain for the context",
            "the machine is very busy; hook.deadline_ms gives the hook more time",
        )
    if outcomes["mapped"] and not outcomes["injected"] and not outcomes["superseded"]:
        yield warn(
            "subagents start, but none was asked about before: the client may have renamed its "
            "tool",
            "look at `rtkq init --show`, and for a newer rtkq",
        )
    if not (dropped or outcomes["torn"] or outcomes["error"]):
        yield ok(f"{len(found)} lately")


CHECKS = (
    Check("hooks", _installed, _complete),
    Check("bundle", _bundle, _stage),
    Check("hook-runs", _runs, _stage),
    Check("receipts", _receipts),
)
