"""A password stands in the address of a database, and nowhere else."""

from __future__ import annotations

import pytest

from rtkq.team.address import shown, without_secrets


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://db.example.org/team", "postgresql://db.example.org/team"),
        ("postgresql://me:pass@db:5433/team?password=other", "postgresql://db:5433/team"),
        ("postgresql://me:p@ss@db/team", "postgresql://db/team"),
        ("postgresql:///team?host=/run/postgresql", "postgresql:///team"),
    ],
)
def test_address_is_shown_without_secrets(url: str, expected: str) -> None:
    """It stands in logs and in answers of commands."""
    assert shown(url) == expected


def test_messages_of_the_driver_lose_the_password() -> None:
    """It tells what it could not read."""
    url = "postgresql://me:p4ss@db/team"

    assert without_secrets(f"cannot read {url}: p4ss?\nline 1", url) == "cannot read …: …?"
