"""What a coding agent runs: one short process a spawn, standard library only, never fatal."""
