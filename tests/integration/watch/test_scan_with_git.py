"""In a checkout git says which files belong; the disk says which of them are there."""

from __future__ import annotations

import subprocess
from pathlib import Path

from rtkq_workers.checkout import scan

from .conftest import Checkout


def names(checkout: Checkout) -> set[str]:
    return set(scan.survey(str(checkout.root)))


def test_tracked_and_new_files_belong_and_ignored_ones_do_not(checkout: Checkout) -> None:
    """What git would show belongs, and what was added by force as well."""
    checkout.write("new.py")
    checkout.write("build/forced.py")
    checkout.git("add", "-f", "build/forced.py")

    assert names(checkout) == {".gitignore", "a.py", "pkg/b.py", "new.py", "build/forced.py"}


def test_deleted_and_hidden_files_are_not_there(checkout: Checkout) -> None:
    """A file git tracks counts only while it is on the disk (sparse checkouts hide some)."""
    checkout.git("sparse-checkout", "set", "--no-cone", "/a.py", "/.gitignore")

    assert names(checkout) == {".gitignore", "a.py"}


def test_submodules_and_nested_checkouts_are_projects_of_their_own(
    checkout: Checkout, tmp_path: Path
) -> None:
    """Neither a submodule nor a clone inside the project is a part of it."""
    other = Checkout(checkout.home, tmp_path / "other")
    other.root.mkdir()
    other.git("init", "-q")
    other.write("inner.py")
    other.commit()
    checkout.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root))
    subprocess.run(
        ["git", "clone", "-q", str(other.root), str(checkout.root / "clone")], check=True
    )

    assert names(checkout) == {".gitignore", ".gitmodules", "a.py", "pkg/b.py"}


def test_a_folder_replaced_by_a_link_hides_its_files(checkout: Checkout, tmp_path: Path) -> None:
    """Tracked files are gone when a link to elsewhere has taken the place of their folder."""
    (tmp_path / "elsewhere").mkdir()
    (checkout.root / "pkg/b.py").rename(tmp_path / "elsewhere/b.py")
    (checkout.root / "pkg").rmdir()
    (checkout.root / "pkg").symlink_to(tmp_path / "elsewhere")

    assert names(checkout) == {".gitignore", "a.py"}


def test_some_paths_get_the_answer_of_the_survey(checkout: Checkout) -> None:
    """Asking for some paths and asking for all never disagree."""
    odd = ["*.py", "[a].py", ":(top)x.py", "sp ace.py", "-x.py", "umlaut-ä.py", "build/x.py"]
    for path in odd:
        checkout.write(path)
    survey = scan.survey(str(checkout.root))
    asked = [*odd, "a.py", "gone.py", "pkg", "x.log", "node_modules/lib/index.js"]

    assert scan.belonging(str(checkout.root), asked) == {
        path: survey[path] for path in asked if path in survey
    }
    assert {"*.py", ":(top)x.py", "-x.py"} <= set(survey)


def test_a_checkout_that_git_cannot_read_is_walked(checkout: Checkout) -> None:
    """A damaged index leaves the files and their ignore files, which are enough to go on."""
    (checkout.root / ".git/index").write_bytes(b"no index")

    assert names(checkout) == {".gitignore", "a.py", "pkg/b.py"}
    assert set(scan.belonging(str(checkout.root), ["a.py", "build/out.py"])) == {"a.py"}
