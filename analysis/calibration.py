"""A camera's reference 基准画面: what its pictures showed when somebody said that all is as it should be.

Made of pictures of the empty room, best several over some minutes: what moves in them is left out by their median
and by keeping only edges that stay. A calibration is a value: it can be written as bytes with a digest and read
again on another host, and the same pictures and regions always give the same bytes. Not here: how a picture is
compared with it (``analysis.picture``), and when a reference is taken or replaced.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.edges import (
    Grey,
    NotAPicture,
    Picture,
    PictureError,
    Points,
    checked,
    is_edge,
    large_enough,
    same_direction,
    slopes,
    small_grey,
)
from analysis.stations import LEAST_TEXTURED, Grid, grids
from domain.pictures import Region

VERSION = 1
_MAGIC = b"KJREF"
_HEAD = struct.Struct(">5sBI")  # magic, version, length of the description
_DIGEST_BYTES = 32

_LEAST_CONTRAST = 8.0  # levels: below, the lens is covered or the room dark
_LEAST_EDGES = 200  # pixels of a small picture
_LASTING = 0.7  # share of the pictures in which an edge must be to be called stable
_UNSETTLED = 25.0  # levels by which a part of one picture may differ from the median of all
_UNSETTLED_SHARE = 0.1  # of a station, from which on somebody is told
_FARTHEST = 0.02  # of the width, that pictures of one reference may be displaced


class ReferenceRefused(PictureError):
    """Pictures or regions that no reference can be made of; says which one and what to do."""


class CalibrationUnreadable(PictureError):
    """Stored bytes that are no calibration of ours, or not the ones that were written."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a reference before it is relied on. ``station`` is None where it is about all of it.

    ``refuses`` says that the station cannot be told with this reference: it would be 无法判定 all the time.
    """

    station: str | None
    refuses: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Calibration:
    """A reference. ``width`` and ``height`` are those of the pictures it was made of; ``grey`` is their median,
    small; ``stable`` marks the pixels of edges that stay, ``sharpness`` is the fine to middle detail on these, and
    ``unsettled`` has for each region the share that was not the same in all pictures.
    """

    width: int
    height: int
    pictures: int
    grey: Grey
    stable: NDArray[np.bool_]
    sharpness: float
    regions: tuple[Region, ...]
    unsettled: tuple[float, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that it holds, in hex; before deflating, so that it is the same with any zlib."""
        return hashlib.sha256(b"".join(self._content)).hexdigest()

    @cached_property
    def brightness(self) -> float:
        return float(self.grey.mean())

    @cached_property
    def points(self) -> Points:
        """Where the stable edges are, in a fixed order."""
        rows, columns = np.nonzero(self.stable)
        return np.stack([columns, rows], axis=1).astype(np.float32)

    @cached_property
    def directions(self) -> Points:
        """The slope of each stable edge."""
        found = slopes(self.grey)
        return np.stack([found.x[self.stable], found.y[self.stable]], axis=1).astype(np.float32)

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """The blocks of each region."""
        height, width = self.grey.shape
        return grids(self.regions, self.points, width, height)

    @cached_property
    def advice(self) -> tuple[Advice, ...]:
        """What to do before relying on it; empty where nothing speaks against it."""
        found = [] if self.pictures > 2 else [_few(self.pictures)]
        for station, unsettled in zip(self.grids, self.unsettled, strict=True):
            if unsettled > _UNSETTLED_SHARE:
                found.append(_moving(station.station, unsettled))
            if station.textured < LEAST_TEXTURED:
                found.append(_plain(station))
        return tuple(found)

    def written(self) -> bytes:
        """All of it as bytes: magic, version, a description as JSON, the planes deflated, and the digest."""
        head, planes = self._content
        return head + zlib.compress(planes, 6) + bytes.fromhex(self.digest)

    @cached_property
    def _content(self) -> tuple[bytes, bytes]:
        description = {
            "size": [self.width, self.height],
            "small": list(self.grey.shape[::-1]),
            "pictures": self.pictures,
            "sharpness": self.sharpness,
            "regions": [[region.station, region.corners] for region in self.regions],
            "unsettled": self.unsettled,
        }
        text = json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()
        return _HEAD.pack(_MAGIC, VERSION, len(text)) + text, self.grey.tobytes() + np.packbits(self.stable).tobytes()


def read_calibration(data: bytes) -> Calibration:
    """The calibration that ``written`` wrote. Raises CalibrationUnreadable."""
    if not data.startswith(_MAGIC) or len(data) < _HEAD.size + _DIGEST_BYTES:
        raise CalibrationUnreadable("these bytes are no reference of a camera; take a new one")
    _, version, length = _HEAD.unpack_from(data)
    if version != VERSION:
        raise CalibrationUnreadable(f"the reference has version {version}, we read version {VERSION}; take a new one")
    text, seal = data[_HEAD.size : _HEAD.size + length], data[-_DIGEST_BYTES:]
    try:
        calibration = _restored(json.loads(text), zlib.decompress(data[_HEAD.size + length : -_DIGEST_BYTES]))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise CalibrationUnreadable(f"the reference cannot be taken apart: {error}; take a new one") from error
    if calibration.digest != seal.hex():
        raise CalibrationUnreadable("the reference is not as it was written; fetch another copy or take a new one")
    return calibration


def _restored(description: dict[str, Any], planes: bytes) -> Calibration:
    width, height = description["small"]
    area = width * height
    grey = np.frombuffer(planes[:area], np.uint8).reshape(height, width)
    stable = np.unpackbits(np.frombuffer(planes[area:], np.uint8), count=area).astype(np.bool_).reshape(height, width)
    across, down = description["size"]
    regions = tuple(Region(name, tuple((x, y) for x, y in corners)) for name, corners in description["regions"])
    unsettled = tuple(description["unsettled"])
    sharp = description["sharpness"]
    return Calibration(across, down, description["pictures"], grey, stable, sharp, regions, unsettled)


def calibrate(pictures: Sequence[Picture], regions: Sequence[Region] = ()) -> Calibration:
    """Make a reference of one picture or, better, several of the empty room, and of where the stations lie in them.

    Raises ReferenceRefused. What makes it weak without spoiling it is told by ``Calibration.advice``.
    """
    for region in regions:
        _check(region)
    names = [region.station for region in regions]
    for name in names:
        if names.count(name) > 1:
            raise ReferenceRefused(f"station {name} has two regions in one picture; keep one")
    greys = _alike(pictures)
    median = np.median(np.stack(greys), axis=0).round().astype(np.uint8)
    stable = _stable(greys, median)
    if int(stable.sum()) < _LEAST_EDGES:
        raise ReferenceRefused(
            f"the pictures show {int(stable.sum())} pixels of edges that stay, {_LEAST_EDGES} are needed: "
            "is the lens covered or out of focus, or does the camera look at a bare wall?"
        )
    sharp = float(np.median([sharpness(grey, stable) for grey in greys]))
    height, width = pictures[0].shape[:2]
    moving = np.max([cv2.absdiff(grey, median) for grey in greys], axis=0) > _UNSETTLED
    unsettled = tuple(_share(region, moving) for region in regions)
    return Calibration(width, height, len(greys), median, stable, sharp, tuple(regions), unsettled)


def _alike(pictures: Sequence[Picture]) -> list[Grey]:
    """The pictures, small, of one brightness and in one place."""
    if not pictures:
        raise ReferenceRefused("a reference needs at least one picture")
    greys: list[Grey] = []
    for number, picture in enumerate(pictures, 1):
        try:
            checked(picture)
        except NotAPicture as error:
            raise ReferenceRefused(f"picture {number}: {error}") from error
        if picture.shape[:2] != pictures[0].shape[:2]:
            raise ReferenceRefused(
                f"picture {number} has {picture.shape[1]} x {picture.shape[0]} pixels, the first "
                f"{pictures[0].shape[1]} x {pictures[0].shape[0]}; take all with the same settings"
            )
        grey = small_grey(picture)
        if not large_enough(grey):
            raise ReferenceRefused(f"picture {number} is too small to show anything: its shape is {grey.shape}")
        if float(grey.std()) < _LEAST_CONTRAST:
            raise ReferenceRefused(
                f"picture {number} is of one brightness (deviation {grey.std():.1f}, at least {_LEAST_CONTRAST:.0f} "
                "is needed): take the cover off the lens and put the light on"
            )
        greys.append(_placed(grey, greys[0], number) if greys else grey)
    return greys


def _placed(grey: Grey, first: Grey, number: int) -> Grey:
    gain = float(first.mean()) / max(1.0, float(grey.mean()))
    window = np.asarray(cv2.createHanningWindow(first.shape[::-1], cv2.CV_32F), np.float32)
    (across, down), _ = cv2.phaseCorrelate(first.astype(np.float32), grey.astype(np.float32), window)
    displaced = math.hypot(across, down) / first.shape[1]
    if displaced > _FARTHEST:
        raise ReferenceRefused(
            f"picture {number} is displaced by {displaced:.1%} of the width against the first; "
            "fasten the camera and take all pictures anew"
        )
    levelled = np.asarray(cv2.convertScaleAbs(grey, alpha=gain), np.uint8)
    move = np.array([[1, 0, -across], [0, 1, -down]], np.float32)
    return np.asarray(cv2.warpAffine(levelled, move, grey.shape[::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _stable(greys: Sequence[Grey], median: Grey) -> NDArray[np.bool_]:
    reference = slopes(median)
    times = np.zeros(median.shape, np.int32)
    for grey in greys:
        found = slopes(grey)
        times += same_direction(reference.x, reference.y, found.x, found.y)
    return np.asarray(is_edge(reference, median) & (times >= _LASTING * len(greys)), np.bool_)


def sharpness(grey: Grey, where: NDArray[np.bool_]) -> float:
    """Fine detail (below a pixel) as a share of middle detail (one to two pixels), at these pixels."""
    fine, middle = bands(grey)
    return float(fine[where].mean() / max(1e-6, float(middle[where].mean())))


def bands(grey: Grey) -> tuple[Grey, Grey]:
    """Fine and middle detail of a small picture, as absolute levels."""
    once = cv2.GaussianBlur(grey, (0, 0), 1.0)
    twice = cv2.GaussianBlur(grey, (0, 0), 2.0)
    return np.asarray(cv2.absdiff(grey, once), np.uint8), np.asarray(cv2.absdiff(once, twice), np.uint8)


def _share(region: Region, moving: NDArray[np.bool_]) -> float:
    height, width = moving.shape
    inside = np.zeros(moving.shape, np.uint8)
    outline = np.round(np.array(region.corners) * (width, height)).astype(np.int32)
    cv2.fillPoly(inside, [outline], (1,))
    return round(float(moving[inside > 0].mean()) if inside.any() else 0.0, 4)


def _check(region: Region) -> None:
    corners = region.corners
    if len(corners) < 3:
        raise ReferenceRefused(f"the region of station {region.station} has {len(corners)} corners; it needs three")
    for number, (x, y) in enumerate(corners, 1):
        if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1):
            raise ReferenceRefused(
                f"corner {number} of station {region.station} lies outside the picture: ({x}, {y}); "
                "corners are shares of width and height, from 0 to 1"
            )
    sides = [*pairwise(corners), (corners[-1], corners[0])]
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        if j - i not in {1, len(sides) - 1} and _cross(one, other):
            raise ReferenceRefused(f"the sides of station {region.station} cross; give its corners in order")
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in sides) / 2
    if abs(area) < 1e-4:
        raise ReferenceRefused(f"the region of station {region.station} has no area; draw it anew")


_Corner = tuple[float, float]


def _cross(one: tuple[_Corner, _Corner], other: tuple[_Corner, _Corner]) -> bool:
    (a, b), (c, d) = one, other
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0


def _side(a: _Corner, b: _Corner, c: _Corner) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _few(pictures: int) -> Advice:
    return Advice(
        None,
        False,
        f"基准画面只用了{pictures}张图片,无法剔除移动的人和物;请在空场时间隔取至少3张",
        f"the reference rests on {pictures} picture(s), so that nothing that moves could be left out; "
        "take at least three of the empty room, some seconds apart",
    )


def _moving(station: str, share: float) -> Advice:
    return Advice(
        station,
        False,
        f"工位{station}在基准画面中有{share:.0%}的面积不稳定(有人或物移动);请在空场时重新取基准画面",
        f"{share:.0%} of station {station} was not the same in all reference pictures: somebody or something moved; "
        "take them anew in the empty room",
    )


def _plain(station: Grid) -> Advice:
    return Advice(
        station.station,
        True,
        f"工位{station.station}画面过于单调(25块中仅{station.textured}块有纹理,至少需{LEAST_TEXTURED}块),遮挡无法判定;"
        "请在工位处张贴工位号或标识,或调整机位后重新取基准画面",
        f"station {station.station} is too plain ({station.textured} of 25 blocks have edges, {LEAST_TEXTURED} are "
        "needed) to tell whether it is obstructed; put up its number or a marker, or move the camera, and take a new "
        "reference",
    )
