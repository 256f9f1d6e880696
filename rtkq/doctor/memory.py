"""Checks of what is stored: the registry, this project's memory, facts, and what failed."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from rtkq import paths, recall, repository, store
from rtkq.doctor.verdicts import Check, Patient, Verdict, fail, ok, warn
from rtkq.errors import ConfigError, StoreDamaged
from rtkq.records import Project, Stage, State
from rtkq.store import Registry, memories, soundness
from rtkq.store import facts as fact_store

_MOST_NAMED = 3
#: Sixteen databases must be looked at before the check is given up, in seconds.
_A_DATABASE_S = 0.5
_GIVEN_UP = "SELECT path, skipped FROM file WHERE skipped IN ({}) ORDER BY path"
_REFRESH = "run `rtkq refresh`, or `rtkq doctor --fix`"


def projects(patient: Patient) -> list[Project]:
    """Return the registered projects; none where the registry cannot be read."""
    if not os.path.exists(paths.registry_file(patient.home)):
        return []
    try:
        with Registry(patient.home) as registry:
            return registry.projects()
    except StoreDamaged:
        return []  # a check of its own tells


def _registry(patient: Patient) -> Iterator[Verdict]:
    file = paths.registry_file(patient.home)
    if damage := soundness.damage(file):
        yield fail(f"{file} is damaged: {damage}", "`rtkq doctor --fix` makes it anew")
        return
    if os.path.exists(file) and (lost := store.unlisted(patient.home)):
        yield fail(
            f"{len(lost)} memories are of projects it does not name: "
            + ", ".join(lost[:_MOST_NAMED]),
            "`rtkq doctor --fix` enters them; a watcher does when it is started",
        )
        return
    count = len(projects(patient))
    yield ok(f"{count} project{'s' * (count != 1)}")


def _recover_registry(patient: Patient) -> str:
    roots = store.recover(patient.home)
    return f"entered {len(roots)} projects that have a memory into the registry"


def _memory(patient: Patient) -> Iterator[Verdict]:
    file = paths.memory_file(patient.home, patient.root)
    if not os.path.exists(file):
        yield _nothing(patient.root)
    elif damage := soundness.damage(file):
        yield fail(f"the memory of {patient.root} is damaged: {damage}", _REFRESH)
    else:
        yield _state(patient)


def _nothing(root: str) -> Verdict:
    if not os.path.exists(os.path.join(root, ".git")):
        return ok(f"{root} is no project")
    return warn(f"{root} has no memory", f"build it: rtkq refresh {root}")


def _state(patient: Patient) -> Verdict:
    memory = recall.open_memory(patient.home, patient.root)
    if memory is None:
        return fail(f"the memory of {patient.root} cannot be used", _REFRESH)
    state = memory.state(patient.settings.watch.stale_after_s)
    told = f"{patient.root}: {state}, generation {memory.generation}"
    is_empty = memory.stage == Stage.EMPTY
    memory.close()
    if state == State.STALE or is_empty:
        return warn(told, "start a watcher (`rtkq service install`), or run `rtkq refresh`")
    return ok(told)


def _refresh(patient: Patient) -> str:
    from rtkq_workers import barrier

    file = paths.memory_file(patient.home, patient.root)
    if soundness.damage(file) or recall.open_memory(patient.home, patient.root) is None:
        memories.set_aside(patient.home, patient.root)
    store.register(patient.home, patient.root)
    barrier.refresh(patient.home, patient.root, is_full=False, progress=lambda _done, _total: None)
    return f"brought the memory of {patient.root} up to date"


def _facts(patient: Patient) -> Iterator[Verdict]:
    damaged = _damaged_facts(patient)
    for file in damaged:
        yield fail(f"{file} is damaged", "`rtkq doctor --fix` throws it away")
    if not damaged:
        yield ok("whole")


def _drop_facts(patient: Patient) -> str:
    damaged = _damaged_facts(patient)
    for file in damaged:
        fact_store.discard(file)
    return f"threw away {len(damaged)} databases of facts; they are extracted again when needed"


def _damaged_facts(patient: Patient) -> list[str]:
    files = sorted(glob.glob(f"{glob.escape(paths.facts_folder(patient.home))}/*.db"))
    return [file for file in files if soundness.damage(file, patience_s=_A_DATABASE_S)]


def _metrics(patient: Patient) -> Iterator[Verdict]:
    file = paths.metrics_file(patient.home)
    if damage := soundness.damage(file):
        yield warn(f"{file} is damaged: {damage}", "counting begins anew with the next rebuild")
    else:
        yield ok("whole")


def _rebuilds(patient: Patient) -> Iterator[Verdict]:
    failing = [project for project in projects(patient) if project.attempts]
    for project in failing[:_MOST_NAMED]:
        yield fail(
            f"rebuilding {project.root} failed {project.attempts} times: {project.last_error}",
            "remove the cause; it is tried again by itself, or now with `rtkq refresh`",
        )
    if not failing:
        yield ok("none failed")


def _roots(patient: Patient) -> Iterator[Verdict]:
    from rtkq_workers import report

    gone = [one.root for one in projects(patient) if not report.is_there(one.root)]
    if gone:
        yield warn(
            f"{len(gone)} projects are gone from the disk: {', '.join(gone[:_MOST_NAMED])}",
            "`rtkq clear PATH` forgets one now, workers after `prune.missing_days`",
        )
    else:
        yield ok("all there")


def _prune(patient: Patient) -> str:
    from rtkq_workers.chores.prune import prune

    before = {project.root for project in projects(patient)}
    prune(patient.settings)
    forgotten = before - {project.root for project in projects(patient)}
    return f"pruned what is old or nobody's, {len(forgotten)} projects among it"


def _failed_files(patient: Patient) -> Iterator[Verdict]:
    from rtkq_workers import report

    memory = recall.open_memory(patient.home, patient.root)
    if memory is None:
        return
    failed = [
        f"{path} ({reason})" for path, reason in memory.rows(_GIVEN_UP, among=report.GIVEN_UP)
    ]
    memory.close()
    if failed:
        yield warn(
            f"{len(failed)} files could not be read for what they define: "
            + ", ".join(failed[:_MOST_NAMED]),
            "they are found by name alone; a change of the file is another chance",
        )
    else:
        yield ok("none")


def _repository_settings(patient: Patient) -> Iterator[Verdict]:
    if not os.path.lexists(os.path.join(patient.root, repository.FILE)):
        return
    try:
        found = repository.wishes(patient.root)
    except ConfigError as error:
        yield fail(error.message, error.hint)
        return
    yield ok(_asked(found))


def _asked(wishes: repository.Wishes) -> str:
    told = [f"leaves out {len(wishes.ignore.paths)} patterns"] if wishes.ignore.paths else []
    told += [f"reads .{suffix} as {one}" for suffix, one in wishes.extract.languages.items()]
    if wishes.hook.budget_tokens:
        told += [f"gives subagents at most {wishes.hook.budget_tokens} tokens"]
    return ", ".join(told) or "asks for nothing"


CHECKS = (
    Check("registry", _registry, _recover_registry),
    Check("memory", _memory, _refresh),
    Check("facts", _facts, _drop_facts),
    Check("metrics", _metrics),
    Check("rebuilds", _rebuilds),
    Check("roots", _roots, _prune),
    Check("failed-files", _failed_files),
    Check("repository-settings", _repository_settings),
)
