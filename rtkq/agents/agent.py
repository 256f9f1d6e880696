"""What is known of a coding agent: where its settings live, and in which form."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from rtkq.agents.form import Form


class Scope(StrEnum):
    """For whom an installation holds."""

    USER = "user"  #: this user, in every project
    PROJECT = "project"  #: everybody who has this project; the file is committed
    LOCAL = "local"  #: this user, in this project


@dataclass(frozen=True)
class Site:
    """Where somebody works: all that the places of settings depend on."""

    #: The user's home folder.
    home: Path
    #: Root of the project; ``None`` outside of any.
    root: Path | None
    #: Environment variables, some of which move the agents' folders.
    variables: Mapping[str, str]

    @classmethod
    def here(cls, root: str | Path | None) -> Site:
        """Return the site of this process's user in the project at *root*.

        The home folder is no project: its settings are the user's.
        """
        home = Path.home()
        is_project = root is not None and os.path.realpath(root) != os.path.realpath(home)
        return cls(home, Path(root) if root and is_project else None, os.environ)


@dataclass(frozen=True)
class Agent:
    """One coding agent, as far as installing is concerned."""

    #: What commands and the hook call it.
    name: str
    #: What people call it.
    title: str
    #: Its folder below the user's home.
    folder: str
    #: The settings file by scope: below its folder for a user, else below the project's root.
    files: Mapping[Scope, str]
    form: Form
    #: Name of its file of instructions.
    guide: str = "AGENTS.md"
    #: Variable that names another folder; may be empty.
    variable: str = ""
    #: The program it is started by.
    program: str = ""
    #: Oldest version of it that runs our hooks.
    oldest: tuple[int, ...] = ()
    #: Oldest version that asks over HTTP; none does when empty.
    oldest_http: tuple[int, ...] = ()
    #: Whether its dialect was seen at work, or is taken from its documentation alone.
    is_observed: bool = False
    #: What remains for the user to do; may be empty.
    advice: str = ""
    #: Returns the name of our plugin where a settings document switches it on, else nothing.
    plugin: Callable[[dict[str, Any]], str] = field(default=lambda _document: "")

    def user_folder(self, site: Site) -> Path:
        """Return where its settings for a user live."""
        moved = site.variables.get(self.variable) if self.variable else None
        return Path(moved) if moved else site.home / self.folder

    def file(self, scope: Scope, site: Site) -> Path | None:
        """Return its settings file of a *scope*; ``None`` if it has none, or there is no root."""
        name = self.files.get(scope)
        if name is None:
            return None
        if scope is Scope.USER:
            return self.user_folder(site) / name
        return site.root / name if site.root else None

    def guide_file(self, scope: Scope, site: Site) -> Path | None:
        """Return its file of instructions of a *scope*; ``None`` if there is none."""
        if scope is Scope.USER:
            return self.user_folder(site) / self.guide
        return site.root / self.guide if site.root and scope is Scope.PROJECT else None
