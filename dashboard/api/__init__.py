"""The HTTP API under /api/v1. Thin: reads through storage and analysis and lays the answer out; decides nothing."""
