"""``rtkq setup``: everything at once, safe to repeat."""

from __future__ import annotations

import os
import shutil
import sys
import time

import click

from rtkq import agents, config, git, service
from rtkq.agents import AGENTS, Scope, State, bundle, old_tool
from rtkq.answers.plan import plan
from rtkq.cli.checkout import registered_root_of, taken_up
from rtkq.cli.doctor import print_findings
from rtkq.cli.progress import progress_bar
from rtkq.config import Settings
from rtkq.errors import AgentError, RtkqError, ServiceError
from rtkq.recall.render import clean

#: The agent rtkq is made for first: set up whether its program is found or not.
_ALWAYS = "claude-code"
#: A service that was just started gives a sign of life within this time, in seconds.
_SIGN_S = 15.0
_PAUSE_S = 0.05
_SAMPLE_LINES = 15
#: Columns and lines where there is no terminal to ask.
_USUAL_TERMINAL = (120, 24)


@click.command("setup")
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--yes", "is_agreed", is_flag=True, help="Ask nothing.")
@click.option("--no-service", is_flag=True, help="Leave the background to `rtkq up`.")
def command(path: str | None, is_agreed: bool, no_service: bool) -> int:
    """Set everything up: hooks, background service, and the memory of the project at PATH.

    Tells what it did and what it left alone. Example:

        rtkq setup ~/src/shop
    """
    settings = config.load()
    steps = _Steps(settings, is_agreed=is_agreed, has_terminal=sys.stdin.isatty())
    root = steps.register(path)
    steps.remove_old_tool(root)
    steps.install_hooks(root)
    steps.start_service(is_wanted=not no_service)
    if root:
        steps.build(root)
    is_well = steps.examine(root or os.getcwd())
    if root:
        steps.show_sample(root)
    return 0 if is_well and not steps.is_troubled else 1


class _Steps:
    """The steps of a setup; each can be repeated, and tells what it did in a line or more."""

    def __init__(self, settings: Settings, *, is_agreed: bool, has_terminal: bool) -> None:
        self._settings = settings
        self._is_agreed = is_agreed
        self._is_asking = has_terminal and not is_agreed
        #: Whether something that was wished could not be done.
        self.is_troubled = False

    def register(self, path: str | None) -> str:
        """Register the project at *path* and return its root; empty where none is meant."""
        root = registered_root_of(self._settings.home, path or ".")
        if path is None and not os.path.exists(os.path.join(root, ".git")):
            _tell("project", f"{root} is no git checkout: left alone")
            _tell(
                "",
                "type it again in one, or name a folder that shall do without git: `rtkq setup .`",
            )
            return ""
        taken_up(self._settings.home, root)
        _tell("project", f"{root} is registered")
        return root

    def remove_old_tool(self, root: str) -> None:
        """Remove what the tool before rtkq has left, if somebody says so: it is not ours."""
        found = old_tool.leftovers(root or None)
        if not found:
            return
        places = ", ".join(str(one.path) for one in found)
        question = f"Remove what the tool before rtkq has left ({places})?"
        if not (self._is_agreed or (self._is_asking and self._may(question))):
            _tell("old tool", f"left alone: {places}")
            _tell("", "`rtkq init --remove-old` removes it")
            return
        try:
            old_tool.remove(root or None)
            _tell("old tool", f"removed: {places}")
        except AgentError as error:
            self._complain("old tool", error)

    def install_hooks(self, root: str) -> None:
        """Install the hook for each agent found here, for this user in all projects."""
        # Entries in settings may have outlived the hook they name, or be older than this version.
        bundle.stage(self._settings.home, self._settings)
        present = {
            one.agent: one for one in agents.survey(root or None) if one.state == State.COMPLETE
        }
        for name, agent in AGENTS.items():
            if name in present:
                _tell("hooks", f"{agent.title}: complete in {present[name].path}")
            elif name == _ALWAYS or (agent.program and shutil.which(agent.program)):
                self._install_hook(name, root)

    def start_service(self, *, is_wanted: bool) -> None:
        """Install the service and wait for its first sign of life."""
        from rtkq_workers.processes import heartbeat

        keeper = service.keeper()
        if not is_wanted:
            _tell("service", "left alone, as you wished: `rtkq up` does the same in a terminal")
        elif not service.is_installed(keeper) and heartbeat.is_alive(self._settings.home, "watch"):
            _tell("service", "left alone: `rtkq up` or `rtkq watch` is running already")
        elif why := keeper.refusal():
            _tell("service", f"not possible here: {why}")
            _tell("", "run `rtkq up` in a terminal, tmux or your container's entry point instead")
        elif self._may("Keep watcher and workers running in the background?"):
            self._start(keeper)

    def build(self, root: str) -> None:
        """Bring the memory of *root* up to date."""
        from rtkq_workers import barrier

        with progress_bar(root) as progress:
            barrier.refresh(self._settings.home, root, is_full=False, progress=progress)
        _tell("memory", barrier.summary(self._settings.home, root))

    def examine(self, root: str) -> bool:
        """Print what the doctor has to say; return whether nothing failed."""
        from rtkq import doctor

        _tell("doctor", "what it finds:")
        findings = doctor.examine(doctor.Patient(root, self._settings))
        return doctor.exit_code(print_findings(findings, is_brief=True)) != 1

    def show_sample(self, root: str) -> None:
        """Print what a subagent would be given now for a task like the latest commit."""
        for task in _tasks(root):
            text = str(plan(self._settings, root, task)["text"]).splitlines()
            if text:
                break
        if not text:
            _tell(
                "sample",
                "left out, for no commit says what the work here is about: try `rtkq plan`",
            )
            return
        _tell("sample", f"a subagent asked to “{task}” would now be given:")
        for line in text[:_SAMPLE_LINES]:
            click.echo(_cut(f"  │ {line}", shutil.get_terminal_size(_USUAL_TERMINAL).columns))
        if len(text) > _SAMPLE_LINES:
            click.echo(f"  │ … {len(text)} lines in all, as by `rtkq plan`")

    def _install_hook(self, name: str, root: str) -> None:
        title = AGENTS[name].title
        if not self._may(f"Install the hook into the settings of {title}?"):
            _tell("hooks", f"{title}: left alone")
            return
        try:
            change = agents.install(name, Scope.USER, root or None)
        except AgentError as error:
            self._complain("hooks", error)
            return
        _tell("hooks", f"{title}: {'installed' if change.changed else 'complete'} in {change.path}")
        for note in change.notes:
            _tell("", note)

    def _start(self, keeper: service.Keeper) -> None:
        try:
            conditions = service.install(keeper)
        except ServiceError as error:
            self._complain("service", error)
            return
        for one in conditions:
            _tell("service", f"{one.service} {one.state}, {one.file} {one.change}")
        _wait_for_signs(self._settings.home)

    def _complain(self, step: str, error: RtkqError) -> None:
        self.is_troubled = True
        _tell(step, error.message)
        _tell("", error.hint)

    def _may(self, question: str) -> bool:
        return not self._is_asking or click.confirm(question, default=True, err=True)


def _tasks(root: str) -> list[str]:
    """Return tasks to try: the subject of the newest commit, and names of the project."""
    newest = git.commits(root, git.commit_names(root, git.tip(root), 1))
    subjects = [clean(commit.message.partition("\n")[0]) for commit in newest]
    return [task for task in (*subjects, os.path.basename(root), root) if task]


def _wait_for_signs(home: str) -> None:
    from rtkq_workers.processes import heartbeat

    deadline = time.monotonic() + _SIGN_S
    kinds = ("watch", "worker")
    while not all(heartbeat.is_alive(home, kind) for kind in kinds):
        if time.monotonic() > deadline:
            return  # the doctor tells
        time.sleep(_PAUSE_S)


def _cut(line: str, columns: int) -> str:
    return line if len(line) <= columns else f"{line[: columns - 1]}…"


def _tell(step: str, text: str) -> None:
    click.echo(f"{step:9}{text}")
