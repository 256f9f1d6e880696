"""Who is looked at next: the urgent before the others, nobody twice at once, nobody forgotten."""

from __future__ import annotations

from rtkq.config import WatchSettings
from rtkq_workers.watch.board import Board, Watched
from rtkq_workers.watch.observe import Blind

_AT_ONCE = WatchSettings(quiet_ms=0, max_wait_ms=0, rescan_interval_s=300)


def board_of(*roots: str) -> tuple[Board, list[Watched]]:
    """Return a board with projects at *roots* whose bursts are due at once."""
    board = Board()
    watched = [Watched(board, root, _AT_ONCE) for root in roots]
    for one in watched:
        board.put(one)
    return board, watched


def test_a_long_rescan_does_not_hold_up_another_projects_paths() -> None:
    """While one project is rescanned, a few paths of another one are taken."""
    board, (large, small) = board_of("/large", "/small")
    large.desynced("start")
    rescan = board.take(rescans=True)
    assert rescan is not None
    assert rescan[0] is large

    small.touched("a.py")
    turn = board.take(rescans=False)

    assert turn is not None
    assert turn[0] is small
    assert turn[1].paths == {"a.py"}


def test_a_project_is_looked_at_by_one_thread_at_a_time() -> None:
    """What happens while a project is looked at waits until that is done."""
    board, (busy, other) = board_of("/busy", "/other")
    busy.touched("a.py")
    board.take(rescans=False)
    busy.touched("b.py")
    other.touched("c.py")

    turn = board.take(rescans=False)
    assert turn is not None
    assert turn[0] is other

    board.done(busy)
    turn = board.take(rescans=False)
    assert turn is not None
    assert turn[1].paths == {"b.py"}


def test_a_project_somebody_waits_for_goes_first() -> None:
    """A session overtakes the rescans that were asked for before it."""
    board, (first, second) = board_of("/first", "/second")
    first.hurry("start")
    second.hurry("session", is_urgent=True)

    turn = board.take(rescans=True)

    assert turn is not None
    assert turn[0] is second


def test_a_missing_root_is_not_looked_at_and_nothing_is_forgotten() -> None:
    """What is noted of a missing root waits for its return."""
    board, (gone, here) = board_of("/gone", "/here")
    gone.touched("a.py")
    gone.lost()
    here.touched("b.py")
    turn = board.take(rescans=False)
    assert turn is not None
    assert turn[0] is here

    gone.found()
    turn = board.take(rescans=True)

    assert turn is not None
    assert turn[0] is gone


def test_a_failed_look_is_tried_again_after_a_growing_wait() -> None:
    """Each failure doubles the wait up to half a minute; until a success nothing is in sync."""
    board, (one,) = board_of("/one")
    one.touched("a.py")
    turn = board.take(rescans=False)
    assert turn is not None

    one.rescanned(now_ms=1000, took_ms=10)
    waits = [one.give_back(turn[1]) for _ in range(12)]
    assert not one.is_in_sync
    one.succeeded()
    assert one.is_in_sync

    assert waits[:4] == [100, 200, 400, 800]
    assert waits[-1] == 30_000
    assert one.give_back(turn[1]) == 100


def test_regular_rescans_take_a_small_share_of_a_processor() -> None:
    """The interval grows with what a rescan takes, to 200 times that."""
    _, (quick, slow) = board_of("/quick", "/slow")
    quick.rescanned(now_ms=1000, took_ms=10)
    slow.rescanned(now_ms=1000, took_ms=3000)

    assert quick.regular_rescan(300_999) == ""
    assert quick.regular_rescan(301_000) == "interval"
    assert slow.regular_rescan(600_999) == ""
    assert slow.regular_rescan(601_000) == "interval"


def test_what_cannot_be_watched_is_polled() -> None:
    """A project that meets a limit is rescanned every few seconds."""
    _, (limited,) = board_of("/limited")
    limited.tree = Blind("fs.inotify.max_user_watches")
    limited.rescanned(now_ms=1000, took_ms=10)

    assert limited.regular_rescan(5_999) == ""
    assert limited.regular_rescan(6_000) == "poll"
    assert not limited.is_in_sync


def test_a_closed_board_gives_out_what_is_noted_and_then_ends() -> None:
    """Closing makes everything due; when nothing is left the threads are sent home."""
    board = Board()
    slow = Watched(board, "/slow", WatchSettings(quiet_ms=60_000, max_wait_ms=60_000))
    board.put(slow)
    slow.touched("a.py")
    board.close(10_000)

    turn = board.take(rescans=False)
    assert turn is not None
    board.done(slow)

    assert board.take(rescans=False) is None
    assert board.take(rescans=True) is None


def test_a_closed_board_does_not_wait_for_ever() -> None:
    """What cannot be looked at in time is left to the next start."""
    board, (one,) = board_of("/one")
    one.touched("a.py")
    board.close(0)

    assert board.take(rescans=False) is None
