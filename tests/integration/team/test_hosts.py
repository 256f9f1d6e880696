"""Two hosts of a team, each in a network of its own, of which one is cut off."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rtkq import config
from rtkq.team.central.projects import CentralProject
from rtkq_workers.central import choosing, servers
from tests.postgres import Proxy, Server
from tests.redis import RedisServer

from . import networks
from .hosts import Host, memory_of, until, without_place
from .networks import Cable

#: A lease that the test can wait for, in seconds.
_LEASE_S = 6.0
#: What ssh is to git: it waits until it may go on, and then runs what it was told to.
_SSH = """#!/bin/sh
touch "$GATE.reached"
while [ ! -e "$GATE" ]; do sleep 0.1; done
for last; do :; done
eval "$last"
"""


@pytest.fixture
def settings(
    home: str, database: str, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> config.Settings:
    """Those of whoever looks at the team from beside its servers."""
    monkeypatch.setenv("RTKQ_DATABASE_URL", database)
    monkeypatch.setenv("RTKQ_QUEUE_URL", redis.url)
    monkeypatch.setenv("RTKQ_CENTRAL_PROTOCOLS", "ssh")
    return config.load()


@pytest.fixture
def connected(
    settings: config.Settings, postgres: Server, redis: RedisServer, tmp_path: Path
) -> Iterator[Callable[[], tuple[Host, Cable, Path]]]:
    """Makes hosts behind cables; git waits there until a file is made."""
    if not networks.can_be_made() and not os.environ.get("CI"):
        pytest.skip("network namespaces need root, and ip of iproute2")
    ssh = tmp_path / "ssh"
    ssh.write_text(_SSH)
    ssh.chmod(0o755)
    with ExitStack() as stack:
        numbers = iter((1, 2))

        def make() -> tuple[Host, Cable, Path]:
            number = next(numbers)
            cable = stack.enter_context(networks.cable(number))
            database, queue = (Proxy(server, cable.here) for server in (postgres, redis))
            gate = tmp_path / f"gate{number}"
            host = Host(
                tmp_path / f"host{number}",
                inside=cable.inside,
                lease_s=_LEASE_S,
                RTKQ_DATABASE_URL=database.url(settings.database.url),
                RTKQ_QUEUE_URL=f"redis://{queue.address}/0",
                GIT_SSH_COMMAND=str(ssh),
                GIT_SSH_VARIANT="ssh",
                GATE=str(gate),
            )
            for end in (database.close, queue.close, host.end):
                stack.callback(end)
            return host, cable, gate

        yield make


def standing(settings: config.Settings) -> CentralProject:
    """Return how the one central project stands."""
    with servers.opened(settings) as projects:
        (found,) = projects.listed()
    return found


def test_host_that_is_cut_off_is_relieved_by_another_and_refused_when_it_is_back(
    settings: config.Settings,
    checkout: Any,
    connected: Callable[[], tuple[Host, Cable, Path]],
    rows_from_nothing: Callable[[str], dict[str, Any]],
) -> None:
    """Nobody told either of them, and what is published is published once."""
    choosing.add(settings, f"ssh://git.example.org{checkout.root}", branch="", every_s=300)
    first, cable, gate = connected()
    first.start("--workers", "1")
    until(Path(f"{gate}.reached").exists, first.log)
    cable.unplug()

    second, _, open_gate = connected()
    open_gate.touch()
    second.start("--workers", "1")
    until(lambda: not standing(settings).is_owing, second.log)
    found = standing(settings)
    assert (found.head, found.generation) == (checkout.git("rev-parse", "HEAD").strip(), 1)
    right = without_place(rows_from_nothing(checkout.root))
    assert memory_of(second.home, found.remote) == right

    cable.plug()
    checkout.commit("of which the first knows nothing")
    gate.touch()
    until(lambda: "refused" in first.log(), first.log)
    assert standing(settings) == found

    choosing.fetch(settings, f"ssh://git.example.org{checkout.root}")
    newest = checkout.git("rev-parse", "HEAD").strip()
    until(lambda: standing(settings).head == newest, first.log)
    assert standing(settings).generation == 2
