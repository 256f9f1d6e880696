"""Remotes that a team keeps indexed: the projects, what is published of them, and reading it."""
