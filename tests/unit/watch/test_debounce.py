"""A burst ends with silence or with the longest wait, and nothing noted is ever lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtkq_workers.watch.debounce import MOST_PATHS, Burst, Debounce


def debounce() -> Debounce:
    return Debounce(quiet_ms=300, max_wait_ms=2000)


def burst(*paths: str, reasons: frozenset[str] = frozenset()) -> Burst:
    return Burst(frozenset(paths), reasons)


def test_a_burst_ends_when_it_has_been_quiet_long_enough() -> None:
    """A burst is due quiet_ms after its last event, not before."""
    pending = debounce()
    pending.touch("a.py", 1000)
    pending.touch("b.py", 1200)

    assert pending.take(1499) is None
    assert pending.take(1500) == burst("a.py", "b.py")
    assert pending.take(9999) is None


def test_a_steady_writer_cannot_put_a_burst_off_for_ever() -> None:
    """A burst is due max_wait_ms after its first event, however busy it still is."""
    pending = debounce()
    for now_ms in range(0, 2001, 100):
        pending.touch("log.txt", now_ms)

    assert pending.take(1999) is None
    assert pending.take(2000) == burst("log.txt")


def test_many_touches_of_a_path_are_one() -> None:
    """Touches of the same path are coalesced."""
    pending = debounce()
    for _ in range(1000):
        pending.touch("a.py", 0)

    assert pending.take(300) == burst("a.py")


def test_more_paths_than_are_worth_listing_become_a_rescan() -> None:
    """A burst of very many paths asks for one rescan and holds no paths."""
    pending = debounce()
    for number in range(MOST_PATHS + 1):
        pending.touch(f"{number}.py", 0)

    taken = pending.take(300)

    assert taken is not None
    assert taken.is_rescan
    assert not taken.paths


def test_a_rescan_swallows_the_paths_around_it() -> None:
    """Paths touched before and after a desync need no look of their own."""
    pending = debounce()
    pending.touch("a.py", 0)
    pending.desync("git", 10)
    pending.touch("b.py", 20)

    assert pending.take(320) == burst(reasons=frozenset({"git"}))


def test_a_burst_given_back_comes_again_with_what_was_noted_since() -> None:
    """What could not be looked at is kept, and not offered before the wait is over."""
    pending = debounce()
    pending.touch("a.py", 0)
    taken = pending.take(300)
    assert taken is not None
    pending.touch("b.py", 400)
    pending.give_back(taken, 500, wait_ms=1000)

    assert pending.take(1499) is None
    assert pending.take(1500) == burst("a.py", "b.py")


def test_a_project_at_rest_still_looks_at_a_few_paths() -> None:
    """The rest between rescans holds rescans alone."""
    pending = debounce()
    pending.rest(60_000)
    pending.touch("a.py", 0)
    assert pending.take(300) == burst("a.py")

    pending.desync("git", 1000)

    assert pending.take(59_999) is None
    assert pending.take(60_000) == burst(reasons=frozenset({"git"}))


def test_a_hurry_makes_what_is_noted_due_at_once() -> None:
    """Neither silence, nor rest, nor a wait holds a burst somebody waits for."""
    pending = debounce()
    pending.rest(60_000)
    pending.desync("session", 1000)
    pending.hurry(1000)

    assert pending.take(1000) == burst(reasons=frozenset({"session"}))


_STEPS = st.lists(
    st.tuples(st.sampled_from(["touch", "desync", "take", "fail"]), st.integers(0, 700)),
    max_size=60,
)


@given(_STEPS)
def test_nothing_noted_is_ever_lost(steps: list[tuple[str, int]]) -> None:
    """In every order of touches, takes and failed looks, each path is looked at in the end."""
    pending = debounce()
    now_ms = 0
    unseen: set[str] = set()
    for number, (step, passed_ms) in enumerate(steps):
        now_ms += passed_ms
        if step == "touch":
            pending.touch(f"{number}.py", now_ms)
            unseen.add(f"{number}.py")
        elif step == "desync":
            pending.desync("why", now_ms)
        elif (taken := pending.take(now_ms)) is not None:
            if step == "fail":
                pending.give_back(taken, now_ms, wait_ms=50)
            else:
                unseen -= set(unseen) if taken.is_rescan else taken.paths

    last = pending.take(now_ms + 10_000)

    assert unseen <= (last.paths if last else set()) or (last is not None and last.is_rescan)
