"""The address of a team's database, as people and logs may see it."""

from __future__ import annotations

from urllib.parse import urlsplit


def shown(url: str) -> str:
    """Return *url* without user, password and parameters."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_secrets(text: str, url: str) -> str:
    """Return the first line of *text* without what only *url* may tell."""
    secrets = (url, urlsplit(url).netloc.rpartition("@")[0].partition(":")[2])
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return text.partition("\n")[0]
