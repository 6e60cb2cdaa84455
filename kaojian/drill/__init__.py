"""Drills: faults played against the service, their truth written first, and the report compared with it."""
