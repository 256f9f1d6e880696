"""However people reach a repository, the team knows it by one name."""

from __future__ import annotations

import pytest

from rtkq.team.remote import normalised

FLASK = "github.com/pallets/flask"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/pallets/flask",
        "https://github.com/pallets/flask.git",
        "https://github.com/pallets/flask/",
        "https://GitHub.com:443/pallets/flask.git/",
        "https://me:t0ken@github.com/pallets/flask.git",
        "http://github.com/pallets/flask",
        "git://github.com/pallets/flask.git",
        "ssh://git@github.com/pallets/flask.git",
        "ssh://git@github.com:22/pallets//flask",
        "git@github.com:pallets/flask.git",
        "git@github.com:/pallets/flask.git",
        "github.com:pallets/flask",
        " git@GITHUB.com:pallets/flask.git\n",
    ],
)
def test_ways_to_one_repository_are_one_remote(url: str) -> None:
    """By ssh or https, with a name, a password, a default port, or none of them."""
    assert normalised(url) == FLASK


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ssh://git@code.example.org:7999/shop/cart.git", "code.example.org:7999/shop/cart"),
        ("https://example.org/~me/My%20Shop.git", "example.org/~me/My Shop"),
        ("https://github.com/Pallets/Flask", "github.com/Pallets/Flask"),
        ("git@[2001:DB8::1]:shop/cart.git", "2001:db8::1/shop/cart"),
        ("/srv/git/shop.git", "file:///srv/git/shop"),
        ("file:///srv/git/shop.git/", "file:///srv/git/shop"),
    ],
)
def test_what_tells_repositories_apart_is_kept(url: str, expected: str) -> None:
    """A port of its own, the case of a path, and that a folder is no host."""
    assert normalised(url) == expected


@pytest.mark.parametrize(
    "url",
    ["", "flask", "../flask", "https://github.com", "https:///x", "https://[bad/x", "ext::sh -c x",
     "https://host:port/x", "git@host:\x01x", "ftp://host/x"],
)  # fmt: skip
def test_what_is_no_remote_has_no_name(url: str) -> None:
    """A path beside the checkout means another repository on each machine."""
    assert normalised(url) == ""


def test_password_is_never_part_of_it() -> None:
    """It stands in logs, answers and a table that many read."""
    assert "s3cret" not in normalised("https://me:s3cret@example.org:8443/x.git")
