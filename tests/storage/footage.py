"""Segments made of arbitrary bytes, with their spool files and rows, for tests of where bytes lie."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

from domain.evidence import Copy, Place, Recorder, Run, Segment
from domain.timeline import Interval
from storage.database import Database
from storage.spool_marker import MARKER, Marker, device_of
from tests.fakes.time import NOON

RUN = Run("run-1", "cam-1", "recorder-1", NOON)


class Footage:
    """Closes segments into a spool, one minute after the other, as the recorder would."""

    def __init__(self, database: Database, spool_root: Path, prefix: str = "site") -> None:
        self._evidence = database.evidence
        self._spool_root = spool_root
        self._prefix = prefix
        self._evidence.begin_recorder(Recorder("recorder-1", "host", NOON, NOON))
        self._evidence.begin_run(RUN)

    def path(self, segment: Segment) -> Path:
        return self._spool_root / segment.key

    def close_segment(self, minute: int, data: bytes | None = None, batch: str = "batch-1") -> Segment:
        """A segment that began so many minutes after noon; its bytes tell it from every other."""
        data = data if data is not None else f"minute {minute} ".encode() * 500
        start = NOON + timedelta(minutes=minute)
        segment = Segment(
            key=f"{self._prefix}/{batch}/cam-1/{start:%Y%m%dT%H%M%S.%fZ}.mp4",
            camera="cam-1",
            batch=batch,
            run=RUN.id,
            interval=Interval(start, start + timedelta(minutes=1)),
            frames=900,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            init_size_bytes=40,
            codec="avc1.42c01f",
            width=1280,
            height=720,
            lost_packets=0,
            delayed_s=0.0,
            clock_offset_s=None,
        )
        path = self.path(segment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        target = str(self._spool_root)
        (self._spool_root / MARKER).write_bytes(Marker("spool-1").data())
        device = device_of(self._spool_root)
        copy = Copy(
            segment.key,
            Place.SPOOL,
            target,
            segment.interval.end,
            len(data),
            segment.sha256,
            device=device,
            spool="spool-1",
        )
        self._evidence.add_segment(segment, copy)
        return segment

    def damage(self, segment: Segment) -> None:
        """Flip one bit of the spool file; its size stays."""
        data = bytearray(self.path(segment).read_bytes())
        data[len(data) // 2] ^= 1
        self.path(segment).write_bytes(data)
