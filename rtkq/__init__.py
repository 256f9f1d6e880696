"""Project memory for coding agents: every subagent starts knowing where things are."""
