"""Choosing which remotes are central projects, and saying that one has changed."""

from __future__ import annotations

from urllib.parse import urlsplit

from rtkq.config import Settings
from rtkq.errors import ProjectError
from rtkq.team.central import publishing
from rtkq.team.remote import normalised
from rtkq_workers.central import servers, sweep


def add(settings: Settings, url: str, *, branch: str, every_s: int) -> str:
    """Let server workers keep the remote at *url* indexed, from now on; return its name.

    Args:
        settings: Those in force.
        url: As ``git clone`` takes it, without credentials.
        branch: Empty for the remote's default.
        every_s: Longest time between two fetches, in seconds.

    Raises:
        ProjectError: It is no address that server workers may fetch.
    """
    remote = named(url)
    _check_fetchable(url, settings.central.protocols)
    with servers.opened(settings) as projects:
        project_id = projects.add(remote, url, branch=branch, every_s=every_s)
    sweep.nudge(settings, [(project_id, True)])
    return remote


def remove(settings: Settings, url: str) -> str:
    """Forget what is known of the remote at *url*, and let nobody keep it; return its name.

    Raises:
        ProjectError: Nobody did.
    """
    remote = named(url)
    with servers.opened(settings) as projects:
        project_id = projects.remove(remote)
        if project_id is None:
            raise _unknown(remote)
        publishing.forget(projects, project_id)
    return remote


def fetch(settings: Settings, url: str) -> str:
    """Ask for a fetch of the remote at *url* now; return its name.

    Raises:
        ProjectError: It is no central project.
    """
    remote = named(url)
    with servers.opened(settings) as projects:
        project_id = projects.mark(remote)
    if project_id is None:
        raise _unknown(remote)
    sweep.nudge(settings, [(project_id, True)])
    return remote


def named(url: str) -> str:
    """Return the one name of the remote at *url*.

    Raises:
        ProjectError: It is no address of a remote.
    """
    remote = normalised(url)
    if not remote:
        raise ProjectError(
            "this is no address of a git remote",
            "give it as git clone takes it, and a folder by its whole path",
        )
    return remote


def _unknown(remote: str) -> ProjectError:
    return ProjectError(f"{remote} is no central project", "rtkq central list tells which are")


def _check_fetchable(url: str, protocols: tuple[str, ...]) -> None:
    scheme, has_credentials = _parts(url.strip())
    if has_credentials:
        raise ProjectError(
            "this address holds credentials, and all of the team would see them",
            "leave them out, and give the user of the server workers a credential helper of git",
        )
    if scheme not in protocols:
        raise ProjectError(
            f"central projects are not fetched by {scheme}",
            "central.protocols says by what; set it here and for the server workers",
        )


def _parts(url: str) -> tuple[str, bool]:
    """Return the protocol that git uses for *url*, and whether it holds a password or token."""
    if "://" not in url:
        return ("file" if url.startswith("/") else "ssh"), False
    parts = urlsplit(url)
    # What stands alone before the host is a name for ssh, but may be a token for others.
    is_name = parts.scheme.endswith("ssh") and parts.password is None
    return parts.scheme, parts.username is not None and not is_name
