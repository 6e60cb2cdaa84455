"""What can go wrong in the simulator before a camera runs; nothing here is raised while it plays.

SimulatorError
├── UnknownFault      a fault by a name or with values that do not exist
├── BadDescription    a site description that cannot be run
├── FaultNotPossible  a fault this camera cannot show (a picture fault on a video file, a turn without a hall)
└── UnreadableVideo   a video file that is no H.264 or cannot be opened
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Base of the simulator's errors. The message is one line for people."""


class UnknownFault(SimulatorError):
    """No such fault, or its values make no sense."""


class BadDescription(SimulatorError):
    """A site description that cannot be run."""


class FaultNotPossible(SimulatorError):
    """This camera cannot show that fault."""


class UnreadableVideo(SimulatorError):
    """The file cannot be streamed."""
