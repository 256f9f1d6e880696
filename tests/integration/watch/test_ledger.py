"""The watcher notices every change of the registry, however quick."""

from __future__ import annotations

import os
from pathlib import Path

from rtkq import paths, store
from rtkq.store import Registry, memories
from rtkq_workers.watch.ledger import Projects


def test_registry_that_looks_unchanged_after_a_quick_write_is_read_again(
    home: str, tmp_path: Path
) -> None:
    """Two writes within one tick of the clock leave the same time behind."""
    root = os.path.realpath(tmp_path)
    store.register(home, root)
    file = paths.registry_file(home)
    written = os.stat(file)
    projects = Projects(home)
    before = projects.read_if_changed()

    memories.forget(home, root)
    with Registry(home) as registry:
        registry.remove(root)
    os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))

    after = projects.read_if_changed()
    assert [project.root for project in before or []] == [root]
    assert after == []
