"""From facts to a memory: sections of files, impacts, posting lists, texts about the whole."""
