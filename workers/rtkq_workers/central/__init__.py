"""What server workers do for a whole team: keep remotes indexed."""
