"""The commands, by what they are for. Each is thin over a function, and loads what it alone needs."""
