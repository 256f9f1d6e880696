"""The folder an agent is in leads to one project: the nearest checkout above it."""

import subprocess
from pathlib import Path

import pytest

from rtkq import paths
from rtkq_hooks import checkout


def git(folder: Path, *words: str) -> None:
    """Run git in *folder*, as nobody in particular."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a git checkout with one commit."""
    root = tmp_path.resolve() / "shop"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "commit", "-q", "--allow-empty", "-m", "first")
    return root


def root_from(folder: Path, home: str = "/nowhere", user_home: str = "/home/me") -> str:
    """Return the root found for *folder*."""
    place = checkout.find(home, str(folder), user_home=user_home)
    assert place is not None
    return place.root


def test_nearest_git_above_is_the_root(repository: Path) -> None:
    """A file or a folder named .git ends the walk, however deep the agent is."""
    deep = repository / "a" / "b"
    deep.mkdir(parents=True)
    inner = repository / "vendor" / "inner"
    inner.mkdir(parents=True)
    (inner / ".git").write_text("gitdir: ../../.git/modules/inner\n")

    assert root_from(deep) == str(repository)
    assert root_from(inner) == str(inner)


def test_links_lead_to_the_real_root(repository: Path, tmp_path: Path) -> None:
    """However the agent got there, a checkout has one name."""
    (repository / "a").mkdir()
    (tmp_path / "absolute").symlink_to(repository / "a")
    (tmp_path / "relative").symlink_to("shop/./a/../a")
    (tmp_path / "chain").symlink_to("relative")

    for link in ("absolute", "relative", "chain"):
        assert root_from(tmp_path / link) == str(repository)


@pytest.mark.parametrize("name", ["missing", "loop", "file/below", "nul\0byte"])
def test_folder_that_is_not_there_has_no_place(tmp_path: Path, name: str) -> None:
    """A folder that vanished, a loop of links or nonsense gives nothing, and no error."""
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")

    assert checkout.find("/nowhere", f"{tmp_path}/{name}", user_home="/home/me") is None


def test_relative_folder_has_no_place() -> None:
    """Clients send absolute folders; anything else is not guessed at."""
    assert checkout.find("/nowhere", "src", user_home="/home/me") is None
    assert checkout.find("/nowhere", "", user_home="/home/me") is None


def test_folder_without_git_belongs_to_the_registered_one_above(tmp_path: Path) -> None:
    """Without git only a folder somebody registered is a project."""
    home = str(tmp_path / "home")
    project = tmp_path.resolve() / "notes"
    deep = project / "a"
    deep.mkdir(parents=True)
    memory = Path(paths.memory_file(home, str(project)))
    memory.parent.mkdir(parents=True)
    memory.write_bytes(b"")

    assert root_from(deep, home) == str(project)
    assert root_from(deep, home, user_home=str(project)) == str(deep)


def test_worktree_names_its_main_checkout(repository: Path, tmp_path: Path) -> None:
    """Git's pointers lead from a worktree to the checkout it belongs to."""
    worktree = tmp_path.resolve() / "shop-fix"
    git(repository, "worktree", "add", "-q", str(worktree))

    assert root_from(worktree) == str(worktree)
    assert checkout.main_checkout(str(worktree)) == str(repository)
    assert checkout.main_checkout(str(repository)) is None


def test_worktree_must_be_known_to_the_checkout_it_names(repository: Path, tmp_path: Path) -> None:
    """A folder that merely points at another repository does not get its memory."""
    git(repository, "worktree", "add", "-q", str(tmp_path / "real"))
    thief = tmp_path / "thief"
    thief.mkdir()
    (thief / ".git").write_text(f"gitdir: {repository}/.git/worktrees/real\n")

    assert checkout.main_checkout(str(thief)) is None


def test_submodule_is_a_project_of_its_own(tmp_path: Path) -> None:
    """A submodule's .git file points into its parent, but it is no worktree of it."""
    submodule = tmp_path / "outer" / "inner"
    modules = tmp_path / "outer" / ".git" / "modules" / "inner"
    submodule.mkdir(parents=True)
    modules.mkdir(parents=True)
    (submodule / ".git").write_text("gitdir: ../.git/modules/inner\n")

    assert checkout.main_checkout(str(submodule)) is None
