"""Bad input, as users meet it: a sentence about what is wrong and what to do, and nothing lost.

Real commands in processes of their own. Whatever is wrong, the hook exits with 0.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

RECORDED_SPAWN = Path(__file__).parents[1] / "fixtures/claude-code/2.1.330/PreToolUse-Agent.json"
COMMANDS = (["refresh"], ["sync"], ["status"], ["clear"], ["plan", "a task"], ["up"], ["watch"])
#: What a refresh of a cramped home may still write into one file, and into all of them, in bytes.
ROOM = 384 * 1024
AMPLE_ROOM = 64 * 1024 * 1024

Done = subprocess.CompletedProcess[str]


def rtkq(*words: str, **options: Any) -> Done:
    """Run a command of rtkq to its end."""
    command = [sys.executable, "-m", "rtkq.cli", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        **{"stdin": subprocess.DEVNULL} | options,
    )


def hook(folder: str, command: Sequence[str] = (sys.executable, "-m", "rtkq.cli", "hook")) -> Done:
    """Hand the hook a recorded spawn of an agent that works in *folder*."""
    document = json.loads(RECORDED_SPAWN.read_text()) | {"cwd": folder}
    document["tool_input"]["prompt"] = "Where is a session refreshed?"
    return subprocess.run(
        [*command, "claude-code"], input=json.dumps(document), capture_output=True, text=True
    )


def assert_told(done: Done, *sayings: str) -> None:
    """Exit code 1, and a message in two parts for people: what is wrong, what to do."""
    wrong, advice, *more = done.stderr.splitlines()

    assert done.returncode == 1
    assert done.stdout == ""
    assert wrong.startswith("rtkq: ")
    assert advice.startswith("      ")
    assert not more
    for saying in sayings:
        assert saying in done.stderr


def assert_silent(done: Done) -> None:
    """The spawn goes on as if there were no hook."""
    assert (done.returncode, done.stdout) == (0, "")


# -- paths -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_folder_that_does_not_exist_is_named(home: str, tmp_path: Path, words: list[str]) -> None:
    """A typing mistake gives no project, and no folder is made for it."""
    missing = str(tmp_path / "nowhere")

    assert_told(rtkq(*words, missing), f"{missing} is no folder", "give the path of a project")
    assert not os.path.exists(missing)


def test_hook_in_a_folder_that_does_not_exist_says_nothing(home: str, tmp_path: Path) -> None:
    """An agent may have deleted the folder it works in."""
    assert_silent(hook(str(tmp_path / "nowhere")))


def test_project_inside_an_ignored_folder_is_refused(home: str, checkout: Any) -> None:
    """Git knows no file there: its memory would be empty, and the checkout's own is not meant."""
    checkout.write(".gitignore", "/build/\n")
    checkout.write("build/made.py", "def made(): pass\n")
    inside = f"{checkout.root}/build"

    assert_told(rtkq("refresh", inside), inside, f"ignored by the checkout {checkout.root}")
    assert json.loads(rtkq("status", "--all", "--format", "json").stdout) == []
    assert_silent(hook(inside))


def test_plan_without_a_memory_tells_how_to_build_one(home: str, checkout: Any) -> None:
    """An empty answer would look as if nothing fitted the task."""
    assert_told(rtkq("plan", "a task", checkout.root), f"rtkq refresh {checkout.root}")
    assert_silent(hook(checkout.root))


def test_status_without_a_memory_tells_how_to_build_one(home: str, checkout: Any) -> None:
    """It is no error to ask, so the advice stands in the answer."""
    done = rtkq("status", checkout.root)

    assert done.returncode == 0
    assert "state    missing" in done.stdout
    assert f"build it: rtkq refresh {checkout.root}\n" in done.stdout


def test_plan_that_finds_nothing_says_so(home: str, checkout: Any) -> None:
    """Beside the answer, which is empty: scripts take nothing for nothing."""
    rtkq("refresh", checkout.root)

    done = rtkq("plan", "zzqqxx", checkout.root)

    assert (done.returncode, done.stdout) == (0, "")
    assert "no file seems to be about this task" in done.stderr


def test_clearing_an_unknown_project_is_told(home: str, checkout: Any) -> None:
    """Perhaps another one was meant."""
    assert_told(rtkq("clear", checkout.root), f"{checkout.root} has no memory", "rtkq status --all")


@pytest.mark.parametrize("is_replaced", [False, True], ids=["deleted", "replaced by a link"])
def test_project_that_is_gone_is_told_and_can_be_forgotten(
    home: str, checkout: Any, is_replaced: bool
) -> None:
    """What is remembered of a folder that is not there any more is not called fresh."""
    rtkq("refresh", checkout.root)
    os.rename(checkout.root, f"{checkout.root}-moved")
    if is_replaced:
        os.symlink(f"{checkout.root}-moved", checkout.root)

    told = [rtkq("status", *words) for words in ([checkout.root], ["--all"])]
    cleared = rtkq("clear", checkout.root)

    for done in told:
        assert "state    missing, generation 1" in done.stdout
        assert f"{checkout.root} is gone, `rtkq clear` forgets it\n" in done.stdout
    assert (cleared.returncode, cleared.stdout) == (0, f"{checkout.root}: forgotten\n")
    assert json.loads(rtkq("status", "--all", "--format", "json").stdout) == []


# -- wrong usage -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["refresh", "--frobnicate"],
        ["plan"],
        ["plan", "--task-file", "nowhere"],
        ["status", "--format", "xml"],
        ["sync", "--timeout", "-1"],
        ["central", "add"],
    ],
    ids=" ".join,
)
def test_wrong_usage_leaves_with_2(home: str, words: list[str]) -> None:
    """Scripts tell a mistake of their own from a problem that was found."""
    done = rtkq(*words)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "--help" in done.stderr
    assert "Error: " in done.stderr


@pytest.mark.parametrize(
    "words", [[], ["no-such-agent"], ["--frobnicate"], ["one", "two"]], ids=str
)
def test_hook_leaves_with_0_however_it_is_called(home: str, words: list[str]) -> None:
    """Exit code 2 would forbid the spawn."""
    assert_silent(rtkq("hook", *words))


# -- terminals ---------------------------------------------------------------------------


def test_task_in_russian_is_understood_in_any_locale(home: str, checkout: Any) -> None:
    """In that of C as well, where Python takes what is typed for bytes that are no text."""
    rtkq("refresh", checkout.root)
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    done = rtkq("plan", "обновить сессию", checkout.root, env=os.environ | plain)

    assert "src/session.py" in done.stdout


@pytest.mark.parametrize("variable", ["NO_COLOR=1", "TERM=dumb"])
def test_terminal_without_colours_is_sent_none(home: str, tmp_path: Path, variable: str) -> None:
    """Where they would be printed as signs."""
    name, value = variable.split("=")
    terminal, its_end = pty.openpty()
    command = [sys.executable, "-m", "rtkq.cli", "doctor", str(tmp_path)]
    environment = os.environ | {"HOME": str(tmp_path), "TERM": "xterm", name: value}
    with (
        os.fdopen(terminal, "rb", buffering=0) as screen,
        subprocess.Popen(command, stdout=its_end, env=environment),
    ):
        os.close(its_end)
        shown = b"".join(lines_of(screen))

    assert b"watcher" in shown
    assert b"\x1b" not in shown


def lines_of(screen: Any) -> Iterator[bytes]:
    """Yield what is printed on a terminal until nobody holds it any more."""
    with contextlib.suppress(OSError):  # EIO is how its end is told
        while some := screen.read(4096):
            yield some


# -- errors for programs -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (["plan", "a task", "nowhere", "--format", "json"], "project", 1),
        (["plan", "a task", "--format=json"], "project", 1),
        (["plan", "--format", "json"], "usage", 2),
        (["status", "--all", "--format", "json", "--frobnicate"], "usage", 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_error_as_json_is_one_document(
    home: str, tmp_path: Path, words: list[str], kind: str, code: int
) -> None:
    """Who asked for JSON reads stdout alone, also when something is wrong."""
    done = rtkq(*words, cwd=tmp_path)
    error = json.loads(done.stdout)["error"]

    assert done.returncode == code
    assert done.stderr == ""
    assert set(error) == {"kind", "message", "hint"}
    assert error["kind"] == kind
    assert error["message"]
    assert error["hint"]


# -- the configuration -------------------------------------------------------------------

WRONG_CONFIGURATIONS = {
    "unknown key": ("[watch]\nquiet = 300\n", "quiet"),
    "unknown section": ("[wach]\nquiet_ms = 300\n", "wach"),
    "wrong type": ('[watch]\nquiet_ms = "soon"\n', "watch.quiet_ms"),
    "less than nothing": ("[worker]\nworkers = -1\n", "worker.workers"),
    "no such choice": ('[policy]\nexplore = "allow"\n', "policy.explore"),
    "no TOML": ("[watch\n", "line"),
    "not UTF-8": ("[watch]\n# \udcff\n", "utf-8"),
}


@pytest.mark.parametrize(
    ("text", "saying"), WRONG_CONFIGURATIONS.values(), ids=WRONG_CONFIGURATIONS.keys()
)
def test_wrong_configuration_is_named(home: str, text: str, saying: str) -> None:
    """The file, the place in it, and nothing is done with half of the settings."""
    file = Path(os.environ["RTKQ_CONFIG"])
    file.write_text(text, errors="surrogateescape")

    assert_told(rtkq("status"), str(file), saying)
    assert not os.path.exists(home)


@pytest.mark.parametrize(
    "words", [["refresh"], ["status"], ["plan", "a task"], ["up"], ["worker"]], ids=" ".join
)
def test_every_command_but_the_hook_refuses_a_wrong_configuration(
    home: str, checkout: Any, words: list[str]
) -> None:
    """A setting that is not what the user believes is worse than no answer."""
    Path(os.environ["RTKQ_CONFIG"]).write_text("[hook]\nbudget = 500\n")

    assert_told(rtkq(*words, cwd=checkout.root), "budget")
    assert_silent(hook(checkout.root))


def test_wrong_variable_is_named(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from the environment as well."""
    monkeypatch.setenv("RTKQ_WATCH_QUIET_MS", "soon")

    assert_told(rtkq("status"), "RTKQ_WATCH_", "quiet_ms")


def test_installed_hook_keeps_the_last_good_configuration(home: str, checkout: Any) -> None:
    """Editing a file badly must not take the context away from running agents."""
    assert rtkq("refresh", checkout.root).returncode == 0
    Path(os.environ["RTKQ_CONFIG"]).write_text("[hook\n")

    done = hook(checkout.root, [f"{home}/hook/rtkq-hook"])

    assert done.returncode == 0
    assert "SessionStore" in json.loads(done.stdout)["hookSpecificOutput"]["updatedInput"]["prompt"]


# -- a home that cannot be used ----------------------------------------------------------


def mounted(folder: Path, options: str) -> bool:
    """Return whether a file system in memory could be mounted at *folder*."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "rtkq-test", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture(params=["below a regular file", "on a read-only disk"])
def unusable(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A home in which nothing can be written; even root is refused."""
    folder = tmp_path / "no-home"
    if request.param == "below a regular file":
        folder.write_text("")
        folder /= "home"
    elif not mounted(folder, "ro"):
        pytest.skip("only root may mount")
    monkeypatch.setenv("RTKQ_HOME", str(folder))
    monkeypatch.setenv("RTKQ_CONFIG", str(tmp_path / "config.toml"))
    yield str(folder)
    subprocess.run(["umount", str(folder)], capture_output=True)


@pytest.mark.parametrize(
    "words",
    [["refresh"], ["status"], ["up"], ["watch"], ["worker"]],
    ids=" ".join,
)
def test_home_that_cannot_be_written_is_named(
    unusable: str, checkout: Any, words: list[str]
) -> None:
    """The folder, the reason, and the variable that names another one."""
    assert_told(rtkq(*words, cwd=checkout.root), unusable, "RTKQ_HOME")


def test_hook_without_a_usable_home_says_nothing(unusable: str, checkout: Any) -> None:
    """No receipt can be written either, which is no reason to fail."""
    assert_silent(hook(checkout.root))


# -- a full disk -------------------------------------------------------------------------


class CrampedHome:
    """A home with little room, until there is more."""

    def __init__(self, home: str, *, is_disk: bool) -> None:
        self.home = home
        self._is_disk = is_disk
        self._limit = resource.RLIM_INFINITY

    def become_cramped(self) -> None:
        """Leave ROOM: on the disk, or for each file."""
        if self._is_disk:
            free = os.statvfs(self.home).f_bavail * os.statvfs(self.home).f_frsize
            Path(self.home, "ballast").write_bytes(b"\0" * (free - ROOM))
        else:
            self._limit = ROOM

    def make_room(self) -> None:
        """Let everything be written again."""
        self._limit = resource.RLIM_INFINITY
        Path(self.home, "ballast").unlink(missing_ok=True)

    def rtkq(self, *words: str) -> Done:
        """Run a command of rtkq in this home."""
        limits = (self._limit, self._limit)
        return rtkq(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))


@pytest.fixture(params=["full disk", "limit on files"])
def cramped(request: pytest.FixtureRequest, home: str) -> Iterator[CrampedHome]:
    """A home that has room at first."""
    is_disk = request.param == "full disk"
    if is_disk and not mounted(Path(home), f"size={AMPLE_ROOM}"):
        pytest.skip("only root may mount")
    yield CrampedHome(home, is_disk=is_disk)
    if is_disk:
        subprocess.run(["umount", home], check=True)


def much_code(seed: int) -> str:
    """Return a source file with 4,000 different names."""
    numbers = random.Random(seed)
    names = [f"name_{numbers.randrange(10**12)}" for _ in range(4_000)]
    return "".join(f"def {name}():\n    return {name[5:]}\n" for name in names)


@pytest.mark.parametrize("words", [["refresh"], ["refresh", "--full"]], ids=" ".join)
def test_full_disk_while_publishing_loses_nothing(
    cramped: CrampedHome,
    checkout: Any,
    words: list[str],
    rows_of: Callable[[str], Any],
    rows_from_nothing: Callable[[str], Any],
) -> None:
    """What was published is still served, the error is told, and with room all is made up for."""
    assert cramped.rtkq("refresh", checkout.root).returncode == 0
    checkout.write("src/session.py", "def renewed_session():\n    pass\n")
    checkout.write("src/much.py", much_code(1))
    cramped.become_cramped()

    for _ in range(2):
        assert_told(cramped.rtkq(*words, checkout.root), f"{cramped.home}/")
    asked = cramped.rtkq("plan", "evict a cache entry", checkout.root)
    spawned = hook(checkout.root, [f"{cramped.home}/hook/rtkq-hook"])

    assert "src/cache.py" in asked.stdout
    assert spawned.returncode == 0
    assert "src/session.py" in spawned.stdout

    cramped.make_room()

    assert cramped.rtkq("refresh", checkout.root).returncode == 0
    assert rows_of(checkout.root) == rows_from_nothing(checkout.root)
