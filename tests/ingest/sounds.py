"""Sound for recorder tests: frames with a number in them, beside the pictures of ``tests.ingest.pictures``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ingest.source import AccessUnit, Heard, SoundFrame
from storage.media import SoundCodec, SoundFormat
from tests.fakes.time import NOON
from tests.ingest.pictures import FPS, unit

ALAW = SoundFormat(SoundCodec.ALAW, 8_000, 1)
SAMPLES = 160


def frame(number: int, camera_ahead_s: float | None = None, late_s: float = 0.0) -> SoundFrame:
    """Frame ``number`` of 20 ms each from NOON on, which arrives when its last sample was taken."""
    taken = NOON + timedelta(seconds=number * SAMPLES / ALAW.rate)
    arrived = NOON + timedelta(seconds=(number + 1) * SAMPLES / ALAW.rate + late_s)
    told = None if camera_ahead_s is None else taken + timedelta(seconds=camera_ahead_s)
    data = number.to_bytes(4, "big") * (SAMPLES // 4)
    return SoundFrame(data, number * SAMPLES, SAMPLES, arrived, (arrived - NOON).total_seconds() + 1000.0, told)


def with_sound(number: int, *, silent: bool = False, late_s: float = 0.0, reports: bool = False) -> AccessUnit:
    """Picture ``number`` with the sound that came since the one before it, with sender reports of both or of none."""
    rate, frames = ALAW.rate // SAMPLES, range(0)
    ahead_s = 3600.0 if reports else None
    if number and not silent:
        frames = range((number - 1) * rate // FPS, number * rate // FPS)
    heard = Heard(ALAW, tuple(frame(each, ahead_s, late_s) for each in frames))
    return replace(unit(number, camera_ahead_s=ahead_s), heard=heard)
