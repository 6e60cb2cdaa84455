"""A network that runs somewhere, and the detector that it makes together with its layout.

Not here: the runtimes themselves (``openvino_network``, ``onnx_network``), and which one is taken (``opening``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from analysis.people.boxes import fitted
from analysis.people.detector import Picture
from analysis.people.errors import ModelRefused
from analysis.people.layouts import NEEDED, STRIDES, Tensor, layout_of
from domain.presence import Box

DYNAMIC_SIDE = 320
"""For a network that takes any size: where people are looked for in crops, more pixels find no more of them."""

GPU_AT_ONCE = 16
"""How many pictures a GPU is given at a time. A CPU gets one: more at once were not faster, and take memory."""


class Network(Protocol):
    """A loaded network. One thread at a time."""

    @property
    def runtime(self) -> str:
        """What it runs on, for people: ``OpenVINO CPU``."""

    @property
    def side(self) -> int:
        """Pixels along each side of its pictures."""

    @property
    def at_once(self) -> int:
        """How many pictures ``run`` wants at most."""

    def run(self, packed: Tensor) -> list[Tensor]:
        """n x 3 x side x side in, with n of at most ``at_once``; the outputs hold until the next run."""


class NetworkDetector:
    """Finds people with a network. Raises ModelRefused where its outputs are of no layout that is known here."""

    def __init__(self, model: str, network: Network) -> None:
        blank = np.full((network.at_once, 3, network.side, network.side), 0.5, np.float32)
        # The shapes that a file declares may be left open; those of a run are not.
        shapes = [output.shape for output in network.run(blank)]
        if any(shape[:1] != (network.at_once,) for shape in shapes):
            raise ModelRefused(f"this network does not answer each of {network.at_once} pictures by itself; {NEEDED}")
        self._layout = layout_of(shapes, network.side)
        self._network = network
        self._model = model

    @property
    def name(self) -> str:
        return f"{self._model} ({self._layout.name} {self.side}), {self._network.runtime}"

    @property
    def side(self) -> int:
        return self._network.side

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Box, ...]]:
        found: list[tuple[Box, ...]] = []
        for start in range(0, len(pictures), self._network.at_once):
            found += self._some(pictures[start : start + self._network.at_once])
        return found

    def _some(self, pictures: Sequence[Picture]) -> list[tuple[Box, ...]]:
        squares = [fitted(picture, self.side) for picture in pictures]
        outputs = self._network.run(self._layout.packed([square for square, _ in squares]))
        return [
            tuple(_back(box, scale, picture) for box in self._layout.people(outputs, number, self.side))
            for number, (picture, (_, scale)) in enumerate(zip(pictures, squares, strict=True))
        ]


def side_of(shape: Sequence[int | None], asked: int | None, *, reshapes: bool = False) -> int:
    """The side of a network whose input has this shape; None stands for a size that is left open.

    ``reshapes``: the runtime gives a network another size than it was made for, where its layers allow that. Raises
    ModelRefused for what takes no square pictures, or is asked for a side that it cannot have.
    """
    told = " x ".join("any" if size is None else str(size) for size in shape)
    if len(shape) != 4 or shape[1] not in (3, None):
        raise ModelRefused(f"this network takes an input of {told}; {NEEDED}")
    fixed = {size for size in shape[2:] if size is not None}
    if len(fixed) == 1 and asked is not None and reshapes:
        fixed = {asked}
    if len(fixed) > 1 or (asked is not None and fixed not in (set(), {asked})):
        wish = f" and not {asked} x {asked}" if asked is not None else ""
        raise ModelRefused(f"this network takes an input of {told}{wish}; {NEEDED}")
    side = fixed.pop() if fixed else asked or DYNAMIC_SIDE
    if side % STRIDES[-1] or not 32 <= side <= 2048:
        raise ModelRefused(f"this network takes pictures of {side} x {side}; {NEEDED}")
    return side


def _back(box: Box, scale: float, picture: Picture) -> Box:
    """From the square to the picture, cut at its edges: networks draw boxes that leave it."""
    height, width = picture.shape[:2]
    return Box(
        min(max(box.left / scale, 0.0), width),
        min(max(box.top / scale, 0.0), height),
        min(max(box.right / scale, 0.0), width),
        min(max(box.bottom / scale, 0.0), height),
        box.score,
    )
