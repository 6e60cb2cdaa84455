"""Real footage and weights of detectors, which lie outside of the project; without them tests are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.house.rules import ROOT

FOLDER = Path(os.environ.get("KAOJIAN_VISION_DIR") or ROOT.parent / "shared" / "vision")
"""``footage`` and ``weights`` lie in it."""


def vision_file(name: str) -> Path:
    """A file below the folder; the test that asks for it is skipped where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not there; KAOJIAN_VISION_DIR names the folder of footage and weights")
    return path


def pictures(name: str, every: int) -> Iterator[NDArray[np.uint8]]:
    """Every so many pictures of a film, from the first one on, as BGR."""
    with av.open(str(vision_file(f"footage/{name}"))) as film:
        for number, frame in enumerate(film.decode(video=0)):
            if number % every == 0:
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
