"""From archived segments to observations, coverage and the verdicts of clause 六(二)."""
