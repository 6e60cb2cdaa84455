"""Settings read once at the door, rule packs, logs. Knows no other room."""
