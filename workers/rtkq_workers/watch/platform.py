"""Which observer suits this machine: the only place that asks what system it is."""

from __future__ import annotations

import errno
import sys

from rtkq_workers.watch.observe import INSTANCES_LIMIT, Blind, Observer


def observer() -> Observer:
    """Return the best observer of this machine, started.

    Without an inotify instance to be had everything is polled: slow, but nothing is missed.
    """
    if not sys.platform.startswith("linux"):
        from rtkq_workers.watch.native import NativeObserver

        return NativeObserver()
    from rtkq_workers.watch.pruned import PrunedObserver

    try:
        return PrunedObserver()
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        return Blind(INSTANCES_LIMIT)
