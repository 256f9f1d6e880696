"""Coding agents: what is put where so that they call us, and how it is taken back."""
