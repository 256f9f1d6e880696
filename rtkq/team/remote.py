"""The address of a git remote in one spelling, by which a team knows a repository.

People who work on the same code reach it by ssh or https, with a name of theirs or a token in the
address. What stays of all these is host and path.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

#: ``git@host:path``, as ssh's own programs write it: no slash stands before the colon.
_SCP = re.compile(r"(?:[^@/]*@)?(\[[^]]*\]|[^@:/]+):(?!//|:)(.+)")
_DEFAULT_PORTS = {"ssh": 22, "git+ssh": 22, "https": 443, "http": 80, "git": 9418}


def normalised(url: str) -> str:
    """Return the *url* of a remote as host and path, ``github.com/pallets/flask``.

    Without scheme, user, password, default port, and ``.git`` at its end; the host in lower case.
    A folder is ``file:///srv/git/flask``, for it must not pass for a host. Empty for what is
    neither.
    """
    url = url.strip()
    if url.startswith("/"):
        return _folder(url)
    if "://" not in url:
        found = _SCP.fullmatch(url)
        return _joined(found[1], found[2]) if found else ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme == "file":
        return _folder(unquote(parts.path))
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    return _joined(host, unquote(parts.path)) if parts.scheme in _DEFAULT_PORTS else ""


def _folder(path: str) -> str:
    cleaned = _cleaned(path)
    return f"file:///{cleaned}" if cleaned else ""


def _joined(host: str, path: str) -> str:
    cleaned = _cleaned(path)
    return f"{host.strip('[]').lower()}/{cleaned}" if host and cleaned else ""


def _cleaned(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    return "/".join(parts).removesuffix(".git").rstrip("/") if path.isprintable() else ""
