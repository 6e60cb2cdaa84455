"""Who comes in and what they may: accounts and passwords, sessions, and one table of roles. Knows nothing of HTTP."""
