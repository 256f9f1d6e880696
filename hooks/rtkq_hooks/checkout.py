"""Find the project of a folder and the memory that may be served there, without a registry."""

from __future__ import annotations

import posix

from rtkq import paths, recall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rtkq.recall import Memory

    #: Opens the memory of a home and a root, as `recall.open_memory` does.
    Opener = Callable[[str, str], Memory | None]

_KIND = 0o170000
_MOST_LINKS = 40
_LONGEST_POINTER = 4096
#: No system opens a longer one, and following it folder by folder would take seconds.
_LONGEST_PATH = 4096


class Place:
    """Where an agent works."""

    def __init__(self, root: str, *, is_checkout: bool) -> None:
        #: A real path: the checkout's root, or a folder without git.
        self.root = root
        #: Whether a ``.git`` makes it a checkout.
        self.is_checkout = is_checkout


def find(home: str, folder: str, *, user_home: str) -> Place | None:
    """Return the place of *folder*, or ``None`` when there is no such folder.

    Args:
        home: ``$RTKQ_HOME``.
        folder: Where the agent is; may lead through symbolic links.
        user_home: The user's home folder; the search for a folder without git stops there.
    """
    real = real_path(folder)
    if real is None:
        return None
    root = root_of(real)
    if root is not None:
        return Place(root, is_checkout=True)
    return Place(_known_above(home, real, user_home) or real, is_checkout=False)


def is_known(home: str, root: str) -> bool:
    """Return whether there is a memory for *root*, readable or not."""
    return bool(_kind(paths.memory_file(home, root)))


def open_memory(home: str, place: Place, opener: Opener = recall.open_memory) -> Memory | None:
    """Return the memory that may be served at *place*, or ``None``.

    A git worktree without one, or with one that was not published yet, borrows that of its main
    checkout: ``memory.root`` is not the place's root then.
    """
    memory = opener(home, place.root)
    is_empty = not memory.generation if memory else not is_known(home, place.root)
    if not (is_empty and place.is_checkout):
        return memory
    main = main_checkout(place.root)
    borrowed = opener(home, main) if main else None
    if memory and borrowed:
        memory.close()
    return borrowed or memory


def real_path(path: str) -> str | None:
    """Return *path* without symbolic links, or ``None`` if it is not absolute or not there."""
    if not path.startswith("/") or len(path) > _LONGEST_PATH:
        return None
    done = ""
    ahead = path.split("/")[::-1]
    links = 0
    while ahead:
        name = ahead.pop()
        if name == "..":
            done = done.rpartition("/")[0]
        elif name not in ("", "."):
            target = _link_target(f"{done}/{name}")
            if target is None:
                done = f"{done}/{name}"
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            done = "" if target.startswith("/") else done
            ahead.extend(target.split("/")[::-1])
    return done or "/" if _kind(done or "/") else None


def root_of(folder: str) -> str | None:
    """Return the nearest folder at or above *folder* that has a ``.git`` file or folder."""
    return next((above for above in _upwards(folder) if _kind(f"{above.rstrip('/')}/.git")), None)


def main_checkout(root: str) -> str | None:
    """Return the root of the main checkout if *root* is a git worktree of one.

    The pointers must agree: a ``.git`` file that merely names another repository's folder does
    not give its memory away.
    """
    pointer = _read_line(f"{root}/.git")
    if not pointer.startswith("gitdir: "):
        return None
    git_dir = _joined(root, pointer.removeprefix("gitdir: "))
    if git_dir is None or _joined(git_dir, _read_line(f"{git_dir}/gitdir")) != f"{root}/.git":
        return None
    common = _joined(git_dir, _read_line(f"{git_dir}/commondir"))
    return common.removesuffix("/.git") if common and common.endswith("/.git") else None


def _known_above(home: str, folder: str, user_home: str) -> str | None:
    for above in _upwards(folder):
        if above in ("/", user_home):
            break
        if is_known(home, above):
            return above
    return None


def _upwards(folder: str) -> list[str]:
    """Return *folder* and the folders above it, nearest first."""
    parts = folder.rstrip("/").split("/")
    return ["/".join(parts[:end]) or "/" for end in range(len(parts), 0, -1)]


def _kind(path: str) -> int:
    """Return the type bits of what *path* leads to, 0 when nothing is there."""
    try:
        return posix.stat(path).st_mode & _KIND
    except (OSError, ValueError):
        return 0


def _link_target(path: str) -> str | None:
    try:
        return posix.readlink(path)
    except (OSError, ValueError):
        return None


def _joined(folder: str, path: str) -> str | None:
    return real_path(path if path.startswith("/") else f"{folder}/{path}") if path else None


def _read_line(path: str) -> str:
    try:
        file = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_CLOEXEC)
    except OSError:
        return ""
    try:
        text = posix.read(file, _LONGEST_POINTER)
    except OSError:
        return ""
    finally:
        posix.close(file)
    return text.decode("utf-8", "surrogateescape").partition("\n")[0]
