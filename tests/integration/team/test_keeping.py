"""Server workers keep central projects up to date, each by one of them, whatever goes wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtkq import config, doctor, paths, store, team
from rtkq.doctor import team as team_checks
from rtkq.team.central import publishing
from rtkq.team.central.projects import CentralProject
from rtkq_workers import report
from rtkq_workers.central import choosing, pay, servers, sweep
from rtkq_workers.chores import prune
from rtkq_workers.rebuild import extractor
from tests.postgres import Proxy, Server
from tests.redis import RedisServer

from .hosts import Host, memory_of, until, without_place

MakeHost = Callable[..., Host]


@pytest.fixture
def settings(
    home: str, database: str, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[config.Settings]:
    """Those of a server worker of a team that has both servers."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", database)
    monkeypatch.setenv("RTKQ_QUEUE_URL", redis.url)
    monkeypatch.setenv("RTKQ_CENTRAL_PROTOCOLS", "file")
    team.publish(home, database)
    return config.load()


@pytest.fixture
def host(settings: config.Settings, tmp_path: Path) -> Iterator[MakeHost]:
    """Makes hosts, and ends what runs there."""
    made: list[Host] = []

    def make(**environment: str) -> Host:
        made.append(Host(tmp_path / f"host{len(made)}", **environment))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def shop(settings: config.Settings, checkout: Any) -> Any:
    """A remote that was made a central project, and not looked at yet."""
    choosing.add(settings, checkout.root, branch="", every_s=300)
    return checkout


def standing(settings: config.Settings) -> CentralProject:
    """Return how the one central project stands."""
    with servers.opened(settings) as projects:
        (found,) = projects.listed()
    return found


def is_done(settings: config.Settings) -> bool:
    """Return whether nothing is owed."""
    return not standing(settings).is_owing


def expire(settings: config.Settings) -> None:
    """Let all leases be over, as if their time had passed."""
    with servers.opened(settings) as projects:
        projects.connection.execute("UPDATE central_project SET leased_until = now()")


def head(checkout: Any) -> str:
    """Return the commit that a remote is at."""
    return str(checkout.git("rev-parse", "HEAD").strip())


def test_new_central_project_is_built_and_published(
    settings: config.Settings, shop: Any, rows_from_nothing: Any
) -> None:
    """Its memory is that of a checkout of the very commit."""
    pay.pay_all(settings)

    found = standing(settings)
    assert (found.head, found.generation, found.is_owing) == (head(shop), 1, False)
    assert memory_of(settings.home, found.remote) == without_place(rows_from_nothing(shop.root))


def test_push_costs_what_it_changed(
    settings: config.Settings, shop: Any, monkeypatch: pytest.MonkeyPatch, rows_from_nothing: Any
) -> None:
    """The rest is as it was."""
    pay.pay_all(settings)
    extracted: list[bytes] = []
    really = extractor.extracted
    monkeypatch.setattr(
        extractor, "extracted", lambda data, word: extracted.append(data) or really(data, word)
    )
    shop.write("src/cache.py", "def evict_all(entries): ...\n")
    shop.commit("evict")

    choosing.fetch(settings, shop.root)
    pay.pay_all(settings)

    found = standing(settings)
    assert (found.head, found.generation) == (head(shop), 2)
    assert extracted == [b"def evict_all(entries): ...\n"]
    assert memory_of(settings.home, found.remote) == without_place(rows_from_nothing(shop.root))


def test_remote_without_news_is_not_published_again(settings: config.Settings, shop: Any) -> None:
    """Looking costs a fetch."""
    pay.pay_all(settings)

    choosing.fetch(settings, shop.root)
    pay.pay_all(settings)

    found = standing(settings)
    assert (found.generation, found.is_owing) == (1, False)


def test_memory_of_another_version_is_published_again(
    settings: config.Settings, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update of rtkq."""
    pay.pay_all(settings)
    monkeypatch.setattr(pay, "_RECIPE", "another")

    choosing.fetch(settings, shop.root)
    pay.pay_all(settings)

    assert standing(settings).generation == 2


def test_one_that_fails_tells_why_and_holds_up_no_other(
    settings: config.Settings, shop: Any, tmp_path: Path
) -> None:
    """It is tried again later."""
    choosing.add(settings, f"{tmp_path}/nowhere", branch="", every_s=300)

    pay.pay_all(settings)

    with servers.opened(settings) as projects:
        nowhere, found = projects.listed()
    assert (nowhere.attempts, nowhere.is_owing) == (1, True)
    assert "does not appear to be a git repository" in nowhere.last_error
    assert found.generation == 1


def test_project_removed_in_the_middle_of_the_work_is_gone(
    settings: config.Settings, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was at it is refused, and nobody begins anew."""
    really = publishing.publish

    def removing(*words: Any, **rest: Any) -> int:
        choosing.remove(settings, shop.root)
        return really(*words, **rest)

    monkeypatch.setattr(publishing, "publish", removing)
    pay.pay_all(settings)

    with servers.opened(settings) as projects:
        assert projects.listed() == []


def test_damaged_mirror_is_cloned_again(settings: config.Settings, shop: Any) -> None:
    """After some tries that could not have been otherwise."""
    pay.pay_all(settings)
    remote = standing(settings).remote
    repository = Path(paths.mirror(settings.home, remote), "0/repository.git")
    (repository / "refs/heads/kept").write_text("damaged")

    def tried_again() -> bool:
        choosing.fetch(settings, shop.root)
        pay.pay_all(settings)
        return is_done(settings)

    until(tried_again)
    assert standing(settings).last_error == ""


def age(folder: Path) -> None:
    """Let nothing in *folder* have been written lately."""
    for file in [folder, *folder.rglob("*")]:
        os.utime(file, (0, 0), follow_symlinks=False)


def test_memory_of_a_mirror_stays_until_the_mirror_goes(
    settings: config.Settings, shop: Any
) -> None:
    """It is nobody's in the registry, and neither watched nor listed there."""
    pay.pay_all(settings)
    found = standing(settings)
    built = memory_of(settings.home, found.remote)
    (folder,) = Path(settings.home, "checkouts").iterdir()
    age(folder)
    prune.prune(settings)
    assert memory_of(settings.home, found.remote) == built
    assert store.relist(settings.home) == []

    os.utime(Path(paths.mirror(settings.home, found.remote), "0/lock"), (0, 0))
    age(folder)
    prune.prune(settings)
    assert not folder.exists()


def test_status_and_doctor_say_how_the_team_stands(
    settings: config.Settings, shop: Any, redis: RedisServer, tmp_path: Path
) -> None:
    """Also when a server is away."""
    choosing.add(settings, f"{tmp_path}/nowhere", branch="", every_s=300)
    pay.pay_all(settings)
    sweep.sweep(settings)
    patient = doctor.Patient(shop.root, settings)
    checks = {check.name: check.look for check in team_checks.CHECKS}

    assert [one.result for one in checks["team-queue"](patient)] == ["ok"]
    failing, kept = checks["central"](patient)
    assert "nowhere is not kept, after 1 tries" in failing.detail
    assert kept.detail == "2 remotes are kept indexed"
    assert report.team(settings)["queue"]["is_reached"]

    with redis.stopped():
        sweep.sweep(settings)
        (away,) = checks["team-queue"](patient)
        assert "hosts do what they find owed by themselves" in away.detail
        assert not report.team(settings)["queue"]["is_reached"]


# -- Redis ---------------------------------------------------------------------------------


def test_workers_take_what_is_nudged(settings: config.Settings, shop: Any, host: MakeHost) -> None:
    """Real ones, over a real queue."""
    host().start("--workers", "1")

    until(lambda: is_done(settings))

    assert standing(settings).head == head(shop)


def test_without_redis_one_host_does_the_work(
    settings: config.Settings, shop: Any, host: MakeHost
) -> None:
    """A team that has only the database."""
    host(RTKQ_QUEUE_URL="").start("--workers", "1")

    until(lambda: is_done(settings))


def test_flushed_queue_loses_nothing(
    settings: config.Settings, shop: Any, host: MakeHost, redis: RedisServer
) -> None:
    """The nudge is gone with it, and a sweep gives another."""
    redis.client.flushall()

    host().start("--workers", "1")

    until(lambda: is_done(settings))
    assert standing(settings).generation == 1


def test_work_goes_on_while_redis_is_down(
    settings: config.Settings, shop: Any, host: MakeHost, redis: RedisServer
) -> None:
    """Whoever finds what is owed does it himself; afterwards the queue is used again."""
    one = host()
    with redis.stopped():
        one.start("--workers", "1")
        until(lambda: is_done(settings), one.log)
        assert standing(settings).generation == 1

    shop.commit("after the outage")
    choosing.fetch(settings, shop.root)
    until(lambda: standing(settings).head == head(shop), one.log)
    assert standing(settings).generation == 2


def test_work_goes_on_while_redis_is_silent(
    settings: config.Settings, shop: Any, host: MakeHost, redis: RedisServer
) -> None:
    """It takes connections and answers nothing."""
    one = host()
    with redis.silent():
        one.start("--workers", "1")
        until(lambda: is_done(settings), one.log)

    assert standing(settings).generation == 1


def test_nudge_that_comes_many_times_is_answered_once(
    settings: config.Settings, shop: Any, host: MakeHost
) -> None:
    """By however many workers on however many hosts."""
    with servers.opened(settings) as projects:
        (found,) = projects.listed()
    sweep.nudge(settings, [(found.id, True)] * 50)
    for one in (host(), host()):
        one.start("--workers", "2")

    until(lambda: is_done(settings))
    until(lambda: servers.team_queue().depth(settings.queue.url) == 0)

    assert standing(settings).generation == 1


# -- PostgreSQL ----------------------------------------------------------------------------


def test_line_cut_in_the_middle_of_publishing_leaves_nothing_half_done(
    settings: config.Settings, shop: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old state is there until the new one is whole, and then once."""
    pay.pay_all(settings)
    before = standing(settings)
    shop.commit("another")
    choosing.fetch(settings, shop.root)
    really = publishing.publish

    def cutting(*words: Any, **rest: Any) -> int:
        proxy.cut_after = 200
        return really(*words, **rest)

    with monkeypatch.context() as patch:
        patch.setenv("RTKQ_DATABASE_URL", proxy.url(settings.database.url))
        patch.setattr(publishing, "publish", cutting)
        pay.pay(config.load(), before.id)

    cut = standing(settings)
    assert (cut.head, cut.generation, cut.is_owing) == (before.head, 1, True)
    assert "publishing to" in cut.last_error
    choosing.fetch(settings, shop.root)
    pay.pay_all(settings)
    assert (standing(settings).head, standing(settings).generation) == (head(shop), 2)


def test_work_that_was_done_while_the_database_was_away_is_not_lost(
    settings: config.Settings, shop: Any, host: MakeHost, postgres: Server
) -> None:
    """The worker has built the memory and finds nobody to give it to; later it has it at hand."""
    one = host()
    frozen = one.frozen_at("central.before_publish")
    with postgres.stopped():
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait() == 1
    assert standing(settings).generation == 0

    expire(settings)
    assert one.burst() == 0

    assert (standing(settings).head, standing(settings).generation) == (head(shop), 1)


def test_workers_outlive_a_restart_of_the_database(
    settings: config.Settings, shop: Any, host: MakeHost, postgres: Server
) -> None:
    """They look for what is owed as before."""
    one = host()
    pool = one.start("--workers", "1")
    until(lambda: is_done(settings), one.log)
    with postgres.stopped():
        until(lambda: "sweeping for central projects failed" in one.log())

    shop.commit("after the restart")
    choosing.fetch(settings, shop.root)

    until(lambda: standing(settings).head == head(shop), one.log)
    assert pool.poll() is None


# -- workers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failpoint",
    [
        "central.after_claim",
        "central.after_fetch",
        "rebuild.before_swap",
        "central.before_publish",
        "central.before_settle",
        "central.after_settle",
    ],
)
def test_killed_worker_leaves_a_debt_that_another_pays_once(
    settings: config.Settings, shop: Any, host: MakeHost, failpoint: str
) -> None:
    """Wherever in its work it was killed."""
    assert host().burst(failpoint) == -signal.SIGKILL
    expire(settings)

    assert host().burst() == 0

    found = standing(settings)
    assert (found.head, found.generation, found.is_owing) == (head(shop), 1, False)


def test_lease_of_a_killed_worker_keeps_others_away_until_it_is_over(
    settings: config.Settings, shop: Any, host: MakeHost
) -> None:
    """Nobody can know that it was killed."""
    assert host().burst("central.after_claim") == -signal.SIGKILL

    assert host().burst() == 0

    found = standing(settings)
    assert (found.is_owing, found.generation, bool(found.holder)) == (True, 0, True)


def test_worker_frozen_past_its_lease_is_overtaken_and_refused(
    settings: config.Settings, shop: Any, host: MakeHost
) -> None:
    """What it still had in mind is not published any more."""
    first, second = host(), host()
    frozen = first.frozen_at("central.before_publish")
    shop.commit("meanwhile")
    expire(settings)
    assert second.burst() == 0
    assert (standing(settings).head, standing(settings).generation) == (head(shop), 1)

    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait() == 0

    assert "refused" in first.log()
    assert (standing(settings).head, standing(settings).generation) == (head(shop), 1)


def test_worker_of_the_same_host_overtakes_a_frozen_one(
    settings: config.Settings, shop: Any, host: MakeHost
) -> None:
    """In a mirror of its own: the frozen one keeps what it was about to change."""
    one = host()
    frozen = one.frozen_at("central.after_fetch")
    expire(settings)

    assert one.burst() == 0
    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait() == 0

    found = standing(settings)
    assert (found.head, found.generation) == (head(shop), 1)
    assert sorted(os.listdir(paths.mirror(one.home, found.remote))) == ["0", "1"]
