"""A repository is the work of a stranger: nothing in it runs, leads away or reaches a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rtkq import git, recall, repository, store
from rtkq.errors import ConfigError
from rtkq_workers import barrier
from rtkq_workers.checkout import scan
from tests.conftest import Checkout

SECRETS = [
    ".env",
    ".env.production",
    "deploy/prod.env",
    "certs/server.pem",
    "id_rsa",
    "id_ed25519.old",
    "credentials.json",
    "credentials",
    "config/secrets.yaml",
    ".aws/config",
    "terraform.tfstate",
]
INNOCENT = ["src/credentials.py", "src/environment.ts", "secrets/policy.py", "keyboard.c"]
HOSTILE_NAMES = ["a\x1b[2Jb.py", "line\nbreak.py", "right\u202eto-left.py", "<system>go.py"]


def refresh(home: str, root: str) -> None:
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)


def context(home: str, root: str, task: str) -> str:
    memory = recall.open_memory(home, root)
    assert memory is not None
    text = recall.context(memory, task, budget_tokens=8000).text
    memory.close()
    return text


def rtkq(*words: str) -> str:
    """Run a command and return all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "rtkq.cli", *words],
        capture_output=True,
        env=os.environ | {"NO_COLOR": "1"},
    )
    return (done.stdout + done.stderr).decode()


def test_files_with_secrets_are_neither_named_nor_read(home: str, checkout: Checkout) -> None:
    """Neither their names nor a word in them reach a memory, tracked or not."""
    for path in (*SECRETS, *INNOCENT):
        checkout.write(path, "hunter2canary = 1\n")
    checkout.commit("Add the hunter2canary")
    checkout.write(".env.local", "hunter2canary=2\n")
    refresh(home, checkout.root)
    told = context(home, checkout.root, "hunter2canary in credentials, env, secrets and id_rsa pem")
    told += rtkq("delta", checkout.root, "--since", "HEAD~1")
    told += rtkq("explore", checkout.root, "--detail", "verbose")

    assert not {*SECRETS, ".env.local"} & set(re.split(r"[\s,]+", told))
    assert all(path in told for path in INNOCENT)
    assert not {*SECRETS, ".env.local"} & set(scan.survey(checkout.root))


def test_names_that_cannot_be_shown_are_left_out(home: str, checkout: Checkout) -> None:
    """A name may hold escapes of a terminal, a line break or half a tag; no command prints it."""
    for name in HOSTILE_NAMES:
        checkout.write(name, "def hostile_canary():\n    pass\n")
    checkout.write("src/plain.py", "def hostile_canary():\n    pass\n")
    refresh(home, checkout.root)
    printed = rtkq("plan", "hostile_canary", checkout.root) + rtkq("delta", checkout.root)
    printed += rtkq("plan", "hostile_canary", checkout.root, "--format", "paths")

    assert "src/plain.py" in printed
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert not any(part in printed for part in ("2Jb", "break.py", "to-left", "system"))


def test_root_with_escapes_does_not_reach_the_terminal(home: str, tmp_path: Path) -> None:
    """The folder of a project may have any name that a file system takes."""
    hostile = Checkout(tmp_path / "evil\x1b[31m\u202ename")
    hostile.write("a.py", "def one():\n    pass\n")
    refresh(home, hostile.root)

    printed = rtkq("status", hostile.root) + rtkq("status", "--all")
    printed += rtkq("doctor", hostile.root) + rtkq("plan", "one", hostile.root)

    assert "evil" in printed
    assert not set(printed) & {"\x1b", "\u202e"}


@pytest.fixture
def armed(checkout: Checkout, tmp_path: Path) -> Path:
    """A file that appears when git runs anything that the checkout configures."""
    canary = tmp_path / "canary"
    trap = tmp_path / "trap.sh"
    trap.write_text(f'#!/bin/sh\ntouch "{canary}"\ncat\n')
    trap.chmod(0o755)
    checkout.write(".gitattributes", "*.py filter=trap diff=trap\n")
    checkout.commit("attributes")
    hook = Path(checkout.root, ".git/hooks/post-index-change")
    hook.write_text(trap.read_text())
    hook.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "diff.external",
        "diff.trap.command",
        "diff.trap.textconv",
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "gpg.program",
        "pager.log",
        "credential.helper",
        "alias.log",
        "alias.ls-files",
    ):
        checkout.git("config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    checkout.git("config", "core.hooksPath", os.path.dirname(hook))
    checkout.git("config", "log.showSignature", "true")
    checkout.git("config", "filter.trap.required", "true")
    canary.unlink(missing_ok=True)
    return canary


def test_git_runs_nothing_that_a_checkout_configures(
    home: str, checkout: Checkout, armed: Path
) -> None:
    """Hooks, fsmonitor, filters, external diffs, text conversion, pagers, signatures, aliases."""
    head = git.tip(checkout.root)
    checkout.write("src/cache.py", "def changed():\n    pass\n")

    refresh(home, checkout.root)
    git.changes_since(checkout.root, head)
    git.ignored_folders(checkout.root)
    list(git.commits(checkout.root, git.commit_names(checkout.root, head, 10)))
    git.worktrees(checkout.root)

    assert not armed.exists()


def test_the_trap_springs_for_who_is_careless(checkout: Checkout, armed: Path) -> None:
    """Holds the test above: plain git in the same checkout does run what is configured."""
    checkout.write("src/cache.py", "def changed():\n    pass\n")
    subprocess.run(["git", "-C", checkout.root, "diff"], capture_output=True)

    assert armed.exists()


def test_links_do_not_lead_out_of_the_tree(home: str, checkout: Checkout, tmp_path: Path) -> None:
    """What lies elsewhere stays there, whatever links a repository brings along."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private.py").write_text("def outside_canary():\n    pass\n")
    os.symlink(outside / "private.py", f"{checkout.root}/linked.py")
    os.symlink(outside, f"{checkout.root}/linked")
    os.symlink(outside / "private.py", f"{checkout.root}/rtkq.toml")
    checkout.commit("links")
    refresh(home, checkout.root)

    told = context(home, checkout.root, "outside_canary linked private")

    assert "outside_canary" not in told
    assert "linked" not in told


def test_repository_may_leave_out_files(home: str, checkout: Checkout) -> None:
    """Its rtkq.toml names them, by patterns."""
    checkout.write("rtkq.toml", '[ignore]\npaths = ["web/", "*.generated.py"]\n')
    checkout.write("src/a.generated.py", "A = 1\n")
    refresh(home, checkout.root)

    assert "openLogin" not in context(home, checkout.root, "openLogin in web login.ts")
    assert not {"web/login.ts", "src/a.generated.py"} & set(scan.survey(checkout.root))
    assert "src/cache.py" in scan.survey(checkout.root)


@pytest.mark.parametrize(
    "text",
    [
        '[policy]\nexplore = "deny"\n',
        "[hook]\ndeadline_ms = 60000\n",
        "[hook]\nbudget_tokens = 3\n",
        '[hook]\nbudget_tokens = "all"\n',
        '[extract]\ncommand = "sh"\n',
        '[extract.languages]\ninc = "npm"\n',
        '[extract.languages]\n".inc" = "php"\n',
        '[extract.languages]\ninc = ["php"]\n',
        '[ignore]\nfolders = ["src/"]\npaths = ["src/"]\n',
        '[ignore]\npaths = "src/"\n',
        '[ignore]\npaths = ["src/", "*a*a*a*a*a*a*b"]\n',
        "x = " + "[" * 10_000,
        "#" * 100_000,
        "\0",
    ],
)
def test_wrong_wish_of_a_repository_has_no_effect(text: str, home: str, checkout: Checkout) -> None:
    """Any other key makes the whole file void; doctor shows why, nothing else is disturbed."""
    checkout.write("rtkq.toml", text)

    with pytest.raises(ConfigError, match="no effect"):
        repository.wishes(checkout.root)
    assert "src/cache.py" in scan.survey(checkout.root)


def test_repository_settings_that_are_no_file_do_not_block(checkout: Checkout) -> None:
    """A fifo under this name would keep a reader waiting for ever."""
    os.mkfifo(f"{checkout.root}/rtkq.toml")

    assert repository.believed(checkout.root) == repository.Wishes()
