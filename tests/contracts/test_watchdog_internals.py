"""What the pruned observer relies on in watchdog below its public interface.

A new release of watchdog that breaks one of these breaks the watcher; the pin in pyproject.toml
moves only when they hold.
"""

from __future__ import annotations

import errno
import inspect
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("inotify is Linux", allow_module_level=True)

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

_MASK = Mask(InotifyConstants.IN_CREATE | InotifyConstants.IN_DONT_FOLLOW)


class Heard:
    """A callback as the descriptor's owner wants it."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.deleted: list[int] = []
        self.overflows = 0

    def on_event(self, event: InotifyEvent) -> None:
        """Remember the name."""
        self.names.append(event.name)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Remember the watch."""
        self.deleted.append(wd)

    def on_queue_overflow(self) -> None:
        """Count."""
        self.overflows += 1


@pytest.fixture
def inotify() -> Iterator[InotifyFD]:
    """A running instance."""
    made = InotifyFD()
    made.start()
    yield made
    made.stop()
    made.join()


def wait(condition: object) -> None:
    """Wait until *condition*, a callable, holds."""
    assert callable(condition)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_a_callback_hears_of_its_watch_until_it_is_removed(
    inotify: InotifyFD, tmp_path: Path
) -> None:
    """add_callback, on_event with a bare name, remove_callbacks by (watch, id)."""
    heard = Heard()
    wd = inotify.add_callback(os.fsencode(tmp_path), _MASK, heard, CallbackId(7))
    (tmp_path / "a").write_text("")
    wait(lambda: heard.names == [b"a"])

    inotify.remove_callbacks([(wd, CallbackId(7))])

    assert wd not in inotify._watch_for_wd


def test_two_callbacks_share_the_watch_of_a_folder(inotify: InotifyFD, tmp_path: Path) -> None:
    """Removing one callback leaves the watch to the other."""
    one, two = Heard(), Heard()
    first = inotify.add_callback(os.fsencode(tmp_path), _MASK, one, CallbackId(1))
    second = inotify.add_callback(os.fsencode(tmp_path), _MASK, two, CallbackId(2))
    inotify.remove_callbacks([(first, CallbackId(1))])
    (tmp_path / "a").write_text("")
    wait(lambda: two.names == [b"a"])

    assert first == second
    assert one.names == []


def test_the_end_of_a_folder_is_told(inotify: InotifyFD, tmp_path: Path) -> None:
    """on_watch_deleted follows the removal of a watched folder."""
    (tmp_path / "sub").mkdir()
    heard = Heard()
    wd = inotify.add_callback(os.fsencode(tmp_path / "sub"), _MASK, heard, CallbackId(1))
    (tmp_path / "sub").rmdir()

    wait(lambda: heard.deleted == [wd])


def test_an_overflow_reaches_every_callback_once(inotify: InotifyFD, tmp_path: Path) -> None:
    """handle_event turns the kernel's overflow into on_queue_overflow, once a callback."""
    (tmp_path / "sub").mkdir()
    heard = Heard()
    for folder in (tmp_path, tmp_path / "sub"):
        inotify.add_callback(os.fsencode(folder), _MASK, heard, CallbackId(1))
    overflow = InotifyEvent(WatchDescriptor(-1), InotifyConstants.IN_Q_OVERFLOW, 0, b"")
    inotify.handle_event(overflow)

    assert heard.overflows == 1


def test_a_folder_that_is_not_there_is_an_error(inotify: InotifyFD, tmp_path: Path) -> None:
    """add_callback raises OSError with the kernel's number."""
    with pytest.raises(OSError, match="No such file") as caught:
        inotify.add_callback(os.fsencode(tmp_path / "x"), _MASK, Heard(), CallbackId(1))

    assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_check_inotify_fd", ["self"]),
        ("_add_callback", ["self", "path", "mask", "callback", "id_"]),
        ("_get_or_create_watch", ["self", "path", "mask"]),
    ],
)
def test_what_is_overridden_and_called_is_still_there(name: str, parameters: list[str]) -> None:
    """The protected methods that the observer replaces or uses keep their parameters."""
    assert list(inspect.signature(getattr(InotifyFD, name)).parameters) == parameters


def test_the_instance_is_a_thread_with_a_poller(inotify: InotifyFD) -> None:
    """The thread drains until it is stopped; its poller and descriptor can be reached."""
    assert inotify.is_alive()
    assert inotify.daemon
    assert inotify._poller is not None
    assert isinstance(inotify._inotify_fd, int)
