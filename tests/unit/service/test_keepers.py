"""What systemd and launchd are told to do, by a recorded runner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from rtkq import service
from rtkq.errors import ServiceError
from rtkq.service import services
from rtkq.service.launchd import Launchd
from rtkq.service.runner import Answer
from rtkq.service.services import SERVICES
from rtkq.service.systemd import Systemd


class Recorded:
    """A runner that writes down what it is told and answers as it was taught."""

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.told: list[str] = []
        self._answers = answers or {}

    def __call__(self, words: Sequence[str]) -> Answer:
        line = " ".join(words)
        self.told.append(line)
        known = (answer for start, answer in self._answers.items() if line.startswith(start))
        return next(known, Answer(0, ""))


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of somebody who has no services yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("RTKQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RTKQ_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path


ACTIVE = {"systemctl --user show --": Answer(0, "active")}


def test_install_writes_enables_and_starts(user: Path) -> None:
    """In this order: systemd must have read a unit before it can start it."""
    run = Recorded(ACTIVE)

    conditions = service.install(Systemd(run))

    units = "rtkq-watch.service rtkq-worker.service rtkq-serve.socket"
    assert [one for one in run.told if " show" not in one] == [
        "systemctl --user daemon-reload",
        "systemctl --user stop rtkq-serve.service",
        f"systemctl --user enable {units}",
        f"systemctl --user restart {units}",
        f"systemctl --user start {units}",
    ]
    assert {(one.state, one.change) for one in conditions} == {("running", "written")}
    assert (user / ".config/systemd/user/rtkq-watch.service").exists()


def test_install_twice_restarts_nothing(user: Path) -> None:
    """A worker in the middle of a build goes on."""
    service.install(Systemd(Recorded(ACTIVE)))
    run = Recorded(ACTIVE)

    conditions = service.install(Systemd(run))

    assert {one.change for one in conditions} == {"unchanged"}
    assert not any(" restart " in one for one in run.told)


def test_changed_unit_is_updated_and_restarted_alone(user: Path) -> None:
    """An update of rtkq may want other limits."""
    service.install(Systemd(Recorded(ACTIVE)))
    unit = user / ".config/systemd/user/rtkq-worker.service"
    unit.write_text("[Service]\nExecStart=/old/rtkq worker\n")
    run = Recorded(ACTIVE)

    conditions = service.install(Systemd(run))

    assert [one.change for one in conditions] == ["unchanged", "updated", "unchanged"]
    assert "systemctl --user restart rtkq-worker.service" in run.told
    assert "/old/" not in unit.read_text()


def test_uninstall_leaves_nothing(user: Path) -> None:
    """And is safe to repeat."""
    service.install(Systemd(Recorded(ACTIVE)))
    run = Recorded()

    conditions = service.uninstall(Systemd(run))
    again = service.uninstall(Systemd(Recorded()))

    assert run.told[0] == (
        "systemctl --user disable --now"
        " rtkq-serve.socket rtkq-watch.service rtkq-worker.service rtkq-serve.service"
    )
    assert {(one.state, one.change) for one in conditions} == {("absent", "removed")}
    assert {one.change for one in again} == {"unchanged"}
    assert not list(user.rglob("rtkq*"))


def test_uninstall_works_without_a_user_manager(user: Path) -> None:
    """What enabling left behind would start again at the next login."""
    service.install(Systemd(Recorded(ACTIVE)))
    wants = user / ".config/systemd/user/default.target.wants"
    wants.mkdir()
    (wants / "rtkq-watch.service").symlink_to(user / ".config/systemd/user/rtkq-watch.service")

    service.uninstall(Systemd(Recorded({"systemctl": Answer(1, "Failed to connect to bus")})))

    assert not list(user.rglob("rtkq*"))


def test_service_that_could_not_be_stopped_is_told(user: Path) -> None:
    """Its unit is gone, but somebody has to end it."""
    service.install(Systemd(Recorded(ACTIVE)))

    conditions = service.uninstall(Systemd(Recorded(ACTIVE)))

    assert {one.state for one in conditions} == {"running"}


def test_without_a_user_manager_the_way_by_hand_is_told(user: Path) -> None:
    """Containers have none; nothing is written there."""
    run = Recorded({"systemctl": Answer(1, "Failed to connect to bus")})

    with pytest.raises(ServiceError) as caught:
        service.install(Systemd(run))

    assert "Failed to connect to bus" in caught.value.message
    assert "rtkq up" in caught.value.hint
    assert not list(user.rglob("rtkq*"))


def test_refusal_of_systemd_is_told_in_its_words() -> None:
    """`rtkq service install` must not claim what did not happen."""
    run = Recorded({"systemctl --user enable": Answer(1, "Access denied")})

    with pytest.raises(ServiceError, match="Access denied"):
        service.install(Systemd(run))


@pytest.mark.parametrize(
    ("told", "state"),
    [("active", "running"), ("activating", "starting"), ("failed", "failed"), ("", "stopped")],
)
def test_states_of_systemd_have_our_words(told: str, state: str) -> None:
    """An automatic restart is waited for as `activating`."""
    run = Recorded({"systemctl --user show --": Answer(0, told)})

    assert Systemd(run).state(SERVICES[0]) == state


def test_daemon_that_waits_to_be_asked_is_well(user: Path) -> None:
    """Its socket is there; it starts with the first question."""
    watch, _, serve = SERVICES
    socket = "systemctl --user show --property=ActiveState --value rtkq-serve.socket"
    run = Recorded({socket: Answer(0, "active")})

    assert Systemd(run).state(serve) == "listening"
    assert Systemd(run).state(watch) == "stopped"
    assert service.Condition("serve", "", "listening").is_well


def test_daemon_whose_libraries_are_missing_is_not_installed(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rtkq serve` is an extra; its socket would start a program that fails."""
    monkeypatch.setattr(services, "find_spec", lambda name: None)

    conditions = service.install(Systemd(Recorded(ACTIVE)))

    assert [one.service for one in conditions] == ["watch", "worker"]
    assert not list(user.rglob("rtkq-serve*"))


def test_agents_of_launchd_are_loaded_once(user: Path) -> None:
    """Loading what is loaded is an error of launchd's."""
    service.install(Launchd(Recorded({"launchctl print gui/": Answer(0, "state = running")})))
    absent = Answer(113, "Could not find service")
    run = Recorded({f"launchctl print {_target('watch')}": absent})

    conditions = service.install(Launchd(run))

    file = user / "Library/LaunchAgents/rtkq.watch.plist"
    loaded = [one for one in run.told if "bootstrap" in one]
    assert loaded == [f"launchctl bootstrap {_target('watch').rpartition('/')[0]} {file}"]
    assert {one.change for one in conditions} == {"unchanged"}


def test_uninstall_unloads_agents_and_removes_their_logs(user: Path) -> None:
    """Nobody else rotates or removes them."""
    running = Recorded({"launchctl print gui/": Answer(0, "state = running")})
    service.install(Launchd(running))
    (user / "Library/Logs/rtkq/watch.log").write_text("a line\n")
    run = Recorded({"launchctl print": Answer(113, "Could not find service")})

    service.uninstall(Launchd(run))

    assert f"launchctl bootout {_target('worker')}" in run.told
    assert not [file for file in user.rglob("*") if file.is_file()]


def test_logs_of_launchd_are_the_ends_of_its_files(user: Path) -> None:
    """Oldest first, as many as were asked for."""
    (user / "Library/Logs/rtkq").mkdir(parents=True)
    (user / "Library/Logs/rtkq/watch.log").write_text("one\ntwo\nthree\n")

    assert Launchd(Recorded()).logs(2) == ["two", "three"]


def _target(name: str) -> str:
    return f"gui/{os.getuid()}/rtkq.{name}"
