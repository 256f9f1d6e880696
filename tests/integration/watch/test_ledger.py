"""The watcher notices every change of the registry, however quick."""

from __future__ import annotations

import os

from rtkq import paths, store
from rtkq.store import Registry
from rtkq_workers.watch.ledger import Projects
from tests.conftest import Checkout


def test_registry_that_looks_unchanged_after_a_quick_write_is_read_again(
    home: str, checkout: Checkout
) -> None:
    """Two writes within one tick of the clock leave the same time behind."""
    store.register(home, checkout.root)
    file = paths.registry_file(home)
    written = os.stat(file)
    projects = Projects(home)
    before = projects.read_if_changed()

    store.memory.forget(home, checkout.root)
    with Registry(home) as registry:
        registry.remove(checkout.root)
    os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))

    after = projects.read_if_changed()
    assert [project.root for project in before or []] == [checkout.root]
    assert after == []
