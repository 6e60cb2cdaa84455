"""When all cameras of an NVR were gone at once: one event of the NVR, beside the gaps of its cameras.

Pure, and a statement of coincidence: the cameras' gaps keep their causes and lengths, and count as they always do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.facts import CameraFacts
from domain.evidence import Cause, Gap
from domain.timeline import Interval

AT_ONCE = timedelta(seconds=2)
"""Gaps that begin within this time of the first of them began together."""

OF_A_DEVICE = (Cause.CAMERA_DISCONNECTED, Cause.NO_DATA)
"""Causes that a camera, an NVR or a cable has; any other is ours to mend."""


@dataclass(frozen=True, slots=True)
class NvrEvent:
    """All cameras of an NVR that the sitting uses, gone at once; ended when the first of them was back."""

    nvr: str
    interval: Interval
    cause: Cause
    cameras: tuple[str, ...]


def nvr_events(cameras: Sequence[CameraFacts]) -> tuple[NvrEvent, ...]:
    """By start. An NVR of which the sitting uses a single camera has none: nothing tells it from the camera."""
    behind: dict[str, list[CameraFacts]] = {}
    for facts in cameras:
        if facts.camera.nvr is not None:
            behind.setdefault(facts.camera.nvr, []).append(facts)
    found = [event for nvr, group in behind.items() if len(group) > 1 for event in _together(nvr, group)]
    return tuple(sorted(found, key=lambda event: (event.interval, event.nvr)))


def _together(nvr: str, group: Sequence[CameraFacts]) -> list[NvrEvent]:
    """From each start of a gap: whether every camera has a gap of that cause that begins then or shortly after."""
    gaps = {facts.camera.id: facts.coverage.gaps if facts.coverage is not None else () for facts in group}
    begun = sorted({(gap.interval.start, gap.cause) for each in gaps.values() for gap in each})
    events: list[NvrEvent] = []
    for start, cause in begun:
        if cause not in OF_A_DEVICE or any(start in event.interval for event in events):
            continue
        met = [_met(each, start, cause) for each in gaps.values()]
        ends = [gap.interval.end for gap in met if gap is not None]
        if len(ends) == len(gaps) and min(ends) > start:
            events.append(NvrEvent(nvr, Interval(start, min(ends)), cause, tuple(sorted(gaps))))
    return events


def _met(gaps: Sequence[Gap], start: datetime, cause: Cause) -> Gap | None:
    near = (gap for gap in gaps if gap.cause is cause and start <= gap.interval.start <= start + AT_ONCE)
    return next(near, None)
