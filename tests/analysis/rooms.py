"""Drawn exam rooms: what measuring pictures is tried on where real footage would say no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.pictures import Region

Picture = NDArray[np.uint8]

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
WIDTH, HEIGHT = 960, 540
DESK = Region("1", ((0.15, 0.3), (0.45, 0.3), (0.45, 0.9), (0.15, 0.9)))
BENCH = Region("2", ((0.55, 0.3), (0.85, 0.3), (0.85, 0.9), (0.55, 0.9)))


def room(seed: int = 1, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A room full of things with edges: boxes, lines and grain, in colour."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for _ in range(400):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        across, down = (int(side) for side in rng.integers(12, 70, 2))
        colour = tuple(int(level) for level in rng.integers(60, 200, 3))
        cv2.rectangle(picture, (x, y), (x + across, y + down), colour, -1)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def shot(scene: Picture, rng: np.random.Generator, gain: float = 1.0) -> Picture:
    """A scene with the noise of a sensor."""
    return np.asarray((scene * gain + rng.normal(0, 2, scene.shape)).clip(0, 255), np.uint8)


def boarded(scene: Picture, region: Region, share: float = 1.0) -> Picture:
    """A plain board in front of the left part of a region."""
    height, width = scene.shape[:2]
    left, top = region.corners[0]
    right, bottom = region.corners[2]
    hidden = scene.copy()
    across = left + share * (right - left)
    hidden[int(top * height) : int(bottom * height), int(left * width) : int(across * width)] = (70, 110, 90)
    return hidden


def seated(scene: Picture, region: Region, sway: int) -> Picture:
    """Somebody at a station: two fifths of it across, moved by so many pixels."""
    height, width = scene.shape[:2]
    left, top = region.corners[0]
    right, bottom = region.corners[2]
    middle = (int((left + right) / 2 * width) + sway, int((top + bottom) / 2 * height))
    axes = (int((right - left) * width / 5), int((bottom - top) * height / 2.5))
    peopled = scene.copy()
    cv2.ellipse(peopled, middle, axes, 0, 0, 360, (40, 50, 150), -1)
    cv2.circle(peopled, (middle[0], middle[1] - axes[1]), axes[0] // 2, (120, 160, 210), -1)
    return peopled


def timed(pictures: Iterable[Picture], start: datetime = START) -> Iterator[tuple[datetime, Picture]]:
    """Two seconds apart."""
    return ((start + timedelta(seconds=2 * number), picture) for number, picture in enumerate(pictures))
