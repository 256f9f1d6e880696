"""The watcher: notices that files change and writes down which of them are owed."""
