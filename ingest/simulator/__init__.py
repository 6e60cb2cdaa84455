"""Simulated cameras for demo, drills and tests."""
