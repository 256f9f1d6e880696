"""The background processes: the watcher marks what is dirty, the workers rebuild it."""
