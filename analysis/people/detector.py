"""The role of a detector: pictures in, boxes around people out, in the domain's own type.

Not here: which detectors there are and how one is opened (``analysis.people.opening``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.presence import Box

Picture = NDArray[np.uint8]
"""Height x width x 3, blue, green, red, as libav and OpenCV give pictures out."""

POSSIBLE = 0.25
"""The least score of a box that is given out at all. What is sure is for whoever judges to say."""

OVERLAP = 0.5
"""Of two boxes that share more than this of their union, the one with the lower score is a duplicate."""


class Detector(Protocol):
    """Finds people. Takes pictures of any cameras and sizes at once, so that a GPU works on many of them together."""

    @property
    def name(self) -> str:
        """Model, runtime and device, as kept with what was found: for example ``yolox 416, OpenVINO CPU``."""

    @property
    def side(self) -> int:
        """Pixels along each side of what the network looks at: larger pictures are made smaller first."""

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Box, ...]]:
        """The people of each picture, in its own pixels, the highest score first; none scores below POSSIBLE."""
