"""What is measured in a camera's pictures, and what it means: faults of the picture, and whether a station is seen.

A *look* is what one version of the analysis measured in one segment: numbers, one sample for each picture looked at.
What they mean is decided afterwards over the samples that follow each other (``Sight``), so that no segment has to be
decoded again for another limit. Not here: how anything is measured (``analysis.picture``, ``analysis.stations``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.people import Actor
from domain.timeline import Interval, IntervalSet


class Fault(StrEnum):
    """画面异常: why recorded pictures cannot be used. Unusable is told apart from missing."""

    BLACK = "black"  # 黑屏
    OVEREXPOSED = "overexposed"  # 过曝
    DIM = "dim"  # 过暗
    COVERED = "covered"  # 镜头遮挡
    DEFOCUSED = "defocused"  # 失焦
    MOVED = "moved"  # 机位移动
    FROZEN = "frozen"  # 画面冻结
    LOOPED = "looped"  # 循环播放
    WRONG_SIZE = "wrong_size"  # 分辨率不符
    WRONG_RATE = "wrong_rate"  # 帧率不符


class View(StrEnum):
    """What can be said of one station in one camera's pictures."""

    VISIBLE = "visible"  # 可见
    OBSTRUCTED = "obstructed"  # 被遮挡
    SUSPECTED = "suspected"  # 疑似被遮挡: a doubt that settles where another camera shows an obstruction
    NOT_VERIFIABLE = "not_verifiable"  # 无法判定


@dataclass(frozen=True, slots=True)
class Region:
    """Where a station lies in a camera's picture. Corners are shares of width and height, from the top left."""

    station: str
    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class StationSample:
    """Of one station in one picture: how many of its blocks can be compared with the reference, and how many of
    these have lost the edges that do not move.

    The same block by block, one bit for each, bit ``row * 5 + column`` of a grid of 5 x 5 over the station: which
    blocks count (``comparable``) and which of them are dead (``lost``). ``unrest`` has one byte for each: by how much
    its tones changed since some samples before, in steps of ``analysis.tones``, 255 where nobody knows; empty where
    it was not measured.
    """

    station: str
    blocks: int
    dead: int
    comparable: int = 0
    lost: int = 0
    unrest: bytes = b""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured in one decoded picture; None where there was nothing to compare with."""

    at: datetime
    width: int  # pixels
    height: int
    brightness: float  # mean of luma, 0..255
    clipped: float  # share of pixels at the upper end
    contrast: float  # standard deviation of luma
    change: float | None = None  # mean absolute difference to the sample before, in luma of a small picture
    survival: float | None = None  # share of the reference's stable edges that are there
    sharpness: float | None = None  # fine to middle detail on those edges, as a share of the reference's
    brightness_ratio: float | None = None  # to the reference's
    shift: float | None = None  # of the picture against the reference, as a share of its width
    rotation: float | None = None  # degrees
    inliers: int | None = None  # points that shift and rotation rest on; None where no points had to be sought
    stations: tuple[StationSample, ...] = ()
    signature: bytes = b""  # the picture in 16 x 12 cells, by which a replay is known again
    coded: bytes = b""  # the first 8 bytes of the SHA-256 of the coded picture; from who decodes, like ``rate``
    rate: float | None = None  # pictures a second about this instant, as they came


@dataclass(frozen=True, slots=True)
class Look:
    """All samples of one segment by one version of the analysis, against one reference ("" for none)."""

    segment: str  # Segment.key
    version: int
    reference: str
    made: datetime
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """基准画面: what a camera's picture looks like when all is well, taken from archived footage and never changed.

    ``id`` is the SHA-256 of ``calibration``, the bytes that later pictures are measured against; ``interval`` and
    ``segments`` say which footage they were made of. A sitting rests on the newest one that was valid when it opened.
    """

    id: str
    camera: str
    valid_from: datetime  # when it was made: nobody can say afterwards that it was valid before
    actor: Actor
    interval: Interval
    segments: tuple[str, ...]
    calibration: bytes


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A fault over a span of time with the number that shows it and the limit that it broke."""

    fault: Fault
    interval: Interval
    measured: float
    limit: float


@dataclass(frozen=True, slots=True)
class ViewSpan:
    """What can be said of a station over a span of time."""

    station: str
    view: View
    interval: Interval


@dataclass(frozen=True, slots=True)
class Sight:
    """What a camera's pictures show over ``seen``, the time that samples speak for.

    The spans of each station are a partition of ``seen``. Time in ``unverified`` had pictures that nothing could be
    compared with; it counts as neither usable nor unusable.
    """

    seen: IntervalSet
    faults: tuple[FaultSpan, ...]
    stations: tuple[ViewSpan, ...]
    unverified: IntervalSet

    @property
    def unusable(self) -> IntervalSet:
        """Time in which some fault holds."""
        return IntervalSet(span.interval for span in self.faults)
