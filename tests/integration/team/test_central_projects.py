"""Many workers on many hosts share one table, and each debt is paid by one of them at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rtkq.errors import LeaseLost
from rtkq.team.central import projects as central_projects
from rtkq.team.central.projects import CentralProjects, Claim

CART = "git.example.org/shop/cart"
_URL = f"https://{CART}.git"


@pytest.fixture
def projects(database: str) -> Iterator[CentralProjects]:
    """The table in an empty database."""
    with CentralProjects(database, is_publishing=True) as opened:
        yield opened


@pytest.fixture
def cart(projects: CentralProjects) -> int:
    """A project that was added and never fetched."""
    return projects.add(CART, _URL, branch="main", every_s=300)


def claimed(projects: CentralProjects, project_id: int) -> Claim:
    """Claim a project that can be claimed."""
    claim = projects.claim(project_id, "host:1")
    assert claim is not None
    return claim


def expire(projects: CentralProjects) -> None:
    """Let the time of all leases be over, as it is when their holders were frozen."""
    projects.connection.execute("UPDATE central_project SET leased_until = now()")


def test_new_project_is_owed_at_once(projects: CentralProjects, cart: int) -> None:
    """Nobody has to wait for the first interval."""
    assert projects.sweep(0) == [(cart, True)]

    assert claimed(projects, cart).url == _URL


def test_claim_lets_in_one(projects: CentralProjects, cart: int) -> None:
    """A nudge that comes twice finds the second time that somebody is at it."""
    claimed(projects, cart)

    assert projects.claim(cart, "host:2") is None
    assert projects.sweep(0) == []


def test_of_many_that_claim_at_once_one_gets_it(
    projects: CentralProjects, cart: int, database: str
) -> None:
    """The lock on the row decides, wherever they are."""
    barrier = threading.Barrier(8)
    got: list[Claim | None] = []

    def attempt() -> None:
        with CentralProjects(database, is_publishing=True) as own:
            barrier.wait()
            got.append(own.claim(cart, "host"))

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([claim for claim in got if claim]) == 1


def test_many_that_sweep_at_once_share_the_work(projects: CentralProjects, database: str) -> None:
    """Nothing is nudged twice, and nothing is left out."""
    for number in range(40):
        projects.add(f"{CART}{number}", _URL, branch="", every_s=300)
    barrier = threading.Barrier(4)
    found: list[int] = []

    def attempt() -> None:
        with CentralProjects(database, is_publishing=True) as own:
            barrier.wait()
            found.extend(number for number, _ in own.sweep(60))

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    left = [number for number, _ in projects.sweep(60)]
    assert sorted(found + left) == sorted(one.id for one in projects.listed())


def test_nudge_is_repeated_when_it_is_believed_lost(projects: CentralProjects, cart: int) -> None:
    """As with a Redis that was flushed."""
    assert projects.sweep(60) == [(cart, True)]
    assert projects.sweep(60) == []

    assert projects.sweep(0) == [(cart, True)]


def test_settled_project_owes_nothing_until_its_interval_is_over(
    projects: CentralProjects, cart: int
) -> None:
    """Then it owes a look, for which nobody waits."""
    projects.settle(claimed(projects, cart), "recipe")
    assert projects.claim(cart, "host:1") is None

    projects.connection.execute("UPDATE central_project SET fetched_at = now() - interval '301 s'")

    assert projects.sweep(0) == [(cart, False)]
    assert claimed(projects, cart).recipe == "recipe"


def test_push_during_the_work_is_owed_afterwards(projects: CentralProjects, cart: int) -> None:
    """Only what the claim had read is paid by it."""
    claim = claimed(projects, cart)
    projects.mark(CART)

    projects.settle(claim, "recipe")

    assert projects.sweep(0) == [(cart, True)]


def test_lease_that_ran_out_is_taken_over_and_its_holder_refused(
    projects: CentralProjects, cart: int
) -> None:
    """Whatever the first still does, it changes nothing."""
    first = claimed(projects, cart)
    expire(projects)
    second = claimed(projects, cart)

    with pytest.raises(LeaseLost):
        projects.settle(first, "recipe")
    projects.fail(first, "too late")

    assert not projects.renew(first)
    assert projects.renew(second)
    (found,) = projects.listed()
    assert (found.attempts, found.last_error, found.is_owing) == (0, "", True)


def test_lease_that_ran_out_is_its_holders_while_nobody_wants_it(
    projects: CentralProjects, cart: int
) -> None:
    """A line that was down for long is no reason to do the work again."""
    claim = claimed(projects, cart)
    expire(projects)

    assert projects.renew(claim)
    projects.settle(claim, "recipe")

    assert projects.sweep(0) == []


def test_renewing_after_the_end_takes_nothing(projects: CentralProjects, cart: int) -> None:
    """The thread that renews may be a moment late."""
    claim = claimed(projects, cart)
    projects.settle(claim, "recipe")

    assert not projects.renew(claim)


def test_failed_project_waits_longer_each_time(projects: CentralProjects, cart: int) -> None:
    """And tells why."""
    projects.fail(claimed(projects, cart), "no such branch")
    assert projects.claim(cart, "host:1") is None
    assert projects.sweep(0) == []

    (found,) = projects.listed()
    assert (found.attempts, found.last_error) == (1, "no such branch")
    waits = [central_projects.wait_after_s(attempts) for attempts in range(1, 12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (5, 900)


def test_push_ends_the_wait_of_a_failed_project(projects: CentralProjects, cart: int) -> None:
    """What was wrong may be mended by it."""
    projects.fail(claimed(projects, cart), "no such branch")

    assert projects.mark(CART) == cart

    assert claimed(projects, cart).attempts == 1


def test_project_that_is_added_again_is_changed(projects: CentralProjects, cart: int) -> None:
    """Its memory stays."""
    assert projects.add(CART, _URL, branch="stable", every_s=60) == cart

    (found,) = projects.listed()
    assert (found.branch, found.fetch_every_s) == ("stable", 60)


def test_removed_project_is_nobodys(projects: CentralProjects, cart: int) -> None:
    """Whoever was at it is refused."""
    claim = claimed(projects, cart)

    assert projects.remove(CART) == cart

    assert projects.remove(CART) is None
    assert projects.mark(CART) is None
    with pytest.raises(LeaseLost):
        projects.settle(claim, "recipe")
