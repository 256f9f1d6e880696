"""How long work waits for the team's server, here where many tests share a machine."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers is waited for, however busy the machine is."""
    monkeypatch.setattr("rtkq.team.shared_facts._LEAST_S", 10.0)


@pytest.fixture
def impatient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not is given up soon, and looked for again at once."""
    monkeypatch.setattr("rtkq.team.shared_facts._LEAST_S", 0.3)
    monkeypatch.setattr("rtkq.team.breaker._BASE_S", 0.01)
    monkeypatch.setattr("rtkq.team.breaker._CAP_S", 0.01)


@pytest.fixture
def curt(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not is given up soon."""
    monkeypatch.setattr("rtkq.team.shared_facts._LEAST_S", 0.3)
