"""Rendered exam halls: what the cameras of a room's plan see, as pictures, and the truth about each picture.

Made apart from the analysis on purpose: cameras, geometry and truth are worked out here a second time, so that the
two can be held against each other. Not here: coding and the network (``ingest.simulator.camera``).
"""
