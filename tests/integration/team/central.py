"""A central project in a test: its row, and memories published for it."""

from __future__ import annotations

from rtkq import paths, recall, store
from rtkq.team.central import memory as central_memory
from rtkq.team.central import publishing
from rtkq.team.central.memory import CentralMemory
from rtkq.team.central.overlay import Overlay
from rtkq.team.postgres import Postgres
from rtkq_workers import barrier
from tests.conftest import Checkout

REMOTE = "example.org/shop/cart"


def build(home: str, root: str) -> recall.Memory:
    """Bring the memory of *root* up to date, and return it."""
    store.register(home, root)
    barrier.refresh(home, root, is_full=False, progress=lambda _done, _total: None)
    memory = recall.open_memory(home, root)
    assert memory is not None
    return memory


def add(server: Postgres, remote: str = REMOTE) -> int:
    """Add a central project, and return its number."""
    row = server.connection.execute(
        "INSERT INTO central_project (remote, url) VALUES (%s, %s) RETURNING id",
        (remote, f"https://{remote}.git"),
    ).fetchone()
    assert row is not None
    return int(row[0])


def claim(server: Postgres, project: int) -> int:
    """Raise the token of a project, and return it."""
    row = server.connection.execute(
        "UPDATE central_project SET fence = fence + 1 WHERE id = %s RETURNING fence", (project,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def publish(server: Postgres, project: int, home: str, checkout: Checkout) -> int:
    """Claim a project and publish the memory of *checkout* for it."""
    return publishing.publish(
        server,
        project,
        paths.memory_file(home, checkout.root),
        fence=claim(server, project),
        head=checkout.git("rev-parse", "HEAD").strip(),
    )


def opened(server: Postgres, root: str, remote: str = REMOTE) -> CentralMemory:
    """Return what is published of a remote, laid over the files at *root*."""
    published = central_memory.find(server.rows, remote)
    assert published is not None
    return CentralMemory(server.rows, published, Overlay(root))
