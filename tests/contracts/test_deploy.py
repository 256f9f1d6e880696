"""The files under deploy/ are those that ``rtkq service install`` would write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rtkq.service import launchd, systemd
from rtkq.service.services import SERVICES
from rtkq_workers.processes.logs import DEPLOYED

DEPLOY = Path(__file__).parents[2] / "deploy"
#: Keys that systemd before 254 does not know, and ignores.
NEWER = ("RestartSteps", "RestartMaxDelaySec")


def test_units_are_those_the_code_writes() -> None:
    """For an rtkq in ~/.local/bin, where its installers put it; no unit more, none less."""
    told = {file.name: file.read_text() for file in (DEPLOY / "systemd").iterdir()}

    units = {
        f"rtkq-{one.name}.service": systemd.unit(one, "%h/.local/bin/rtkq", {}) for one in SERVICES
    }
    streams = ("127.0.0.1:7700", "%h/.local/share/rtkq/run/serve.sock")
    sockets = {
        f"rtkq-{one.name}.socket": systemd.socket_unit(one, streams)
        for one in SERVICES
        if one.is_asked
    }
    assert told == units | sockets


def test_agents_are_those_the_code_writes() -> None:
    """With the places of a package manager, for launchd expands nothing."""
    told = {file.name: file.read_text() for file in (DEPLOY / "launchd").iterdir()}

    assert told == {
        f"rtkq.{one.name}.plist": launchd.agent(
            one, ["/usr/local/bin/rtkq"], {}, f"{DEPLOYED}/{one.name}.log"
        )
        for one in SERVICES
    }


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.name)
def test_systemd_understands_the_units(
    service: systemd.Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every key, every value, and a command with odd characters in its path."""
    program = tmp_path / "100% my rtkq $HOME"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    unit = tmp_path / f"rtkq-{service.name}.service"
    unit.write_text(systemd.unit(service, systemd.quoted(str(program)), {"RTKQ_HOME": "/a b/%"}))
    units = [unit]
    if service.is_asked:
        units.append(unit.with_suffix(".socket"))
        streams = (systemd.address("::1", 7700), systemd.address("localhost", 7701), "/a b/s%%")
        units[-1].write_text(systemd.socket_unit(service, streams))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    command = ["systemd-analyze", "--user", "verify", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True)

    told = [line for line in done.stderr.splitlines() if not any(key in line for key in NEWER)]
    assert (done.returncode, told) == (0, [])
