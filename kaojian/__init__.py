"""The command line and the wiring; no rules."""
